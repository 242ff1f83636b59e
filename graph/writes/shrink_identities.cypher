// Identities forget the records of a source, a batch at a time; answers how many did.
// :param prefix => "helpdesk/"
MATCH (i:Identity)
WHERE any(key IN i.records WHERE key STARTS WITH $prefix)
WITH i LIMIT 2000
SET i.records = [key IN i.records WHERE NOT key STARTS WITH $prefix]
RETURN count(*)
