// Keys of records, in their order.
// :param after => ""
// :param most => 5000
MATCH (r:SourceRecord)
WHERE r.key > $after
WITH r ORDER BY r.key LIMIT $most
RETURN collect(r.key)
