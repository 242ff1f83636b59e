// Which account each account record describes.
// :param keys => ["crm/companies/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})-[:DESCRIBES]->(a:Account)
RETURN collect([key, a.id])
