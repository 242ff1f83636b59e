// The account records that wait to be linked, with what they showed when they were linked last, and the account they describe.
MATCH (r:SourceRecord {pending: true})
WHERE r.kind = "account"
OPTIONAL MATCH (r)-[:DESCRIBES]->(a:Account)
RETURN r.key, r.body, r.pending, r.linked_name, r.linked_domain, a.id
