// What each source counts, beside what is true of all together: its person records, the people they are, how many of
// them only it knows. Records that a source deleted or merged away and mere mentions are not counted.
MATCH (c:Customer)<-[:DESCRIBES]-(r:SourceRecord)
WHERE r.kind = "person" AND r.deleted_at IS NULL AND (r.merged_into IS NULL OR r.merged_into = r.key)
WITH c, collect(r.source) AS sources
WITH sources, count(*) AS customers
WITH collect([sources, customers]) AS groups, sum(customers) AS together
UNWIND groups AS alike
UNWIND alike[0] AS source
WITH together, alike, source, count(*) AS times
RETURN source, sum(times * alike[1]) AS records, sum(alike[1]) AS people,
       sum(CASE WHEN size(alike[0]) = times THEN alike[1] ELSE 0 END) AS only_here, together
ORDER BY records DESC, source
