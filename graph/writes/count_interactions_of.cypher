// How many interactions each of these records has.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (i:Interaction {record: key})
WHERE i.deleted_at IS NULL
RETURN key, count(i)
