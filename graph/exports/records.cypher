// Every record as its source gave it, with the customer or account that it is part of: how many, then the rows; instants as epoch milliseconds.
MATCH (r:SourceRecord)
RETURN count(r);
MATCH (r:SourceRecord)
OPTIONAL MATCH (r)-[:DESCRIBES]->(c:Customer)
OPTIONAL MATCH (r)-[:DESCRIBES]->(a:Account)
RETURN r.key AS key, r.source AS source, r.stream AS stream, r.id AS id, r.kind AS kind, c.id AS customer_id, a.id AS account_id,
       r.created_at.epochMillis AS created_at, r.updated_at.epochMillis AS updated_at, r.deleted_at.epochMillis AS deleted_at,
       r.merged_into AS merged_into, r.source_url AS source_url, r.body AS body
