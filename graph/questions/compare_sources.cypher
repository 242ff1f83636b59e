// Which sources know the same people: the sources of a customer's person records (one entry a record, in no order), and how many customers are like that. Records that a source deleted or merged away and mere mentions are left out.
MATCH (c:Customer)<-[:DESCRIBES]-(r:SourceRecord)
WHERE r.kind = "person" AND r.deleted_at IS NULL AND (r.merged_into IS NULL OR r.merged_into = r.key)
WITH c, collect(r.source) AS sources
RETURN sources, count(*) AS customers
