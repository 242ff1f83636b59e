// Which sources know the same people: for each set of sources with the same number of records, how many customers are like that.
MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer)
WHERE r.kind = "person" AND r.deleted_at IS NULL AND r.merged_into IS NULL
WITH c, r.source AS source, count(r) AS records ORDER BY source
WITH c, collect(source) AS sources, collect(records) AS counts
RETURN sources, counts, count(c) AS customers
