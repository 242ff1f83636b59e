// Which records each id stands for now.
// :param of => "customer"
MATCH (i:Identity {of: $of})
WHERE i.ended IS NULL
RETURN i.id, i.records
