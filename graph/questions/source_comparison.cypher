// What each source counts, beside what is true of all together: its person records, the people they are, how many of
// them only it knows. Records that a source deleted or merged away and mere mentions are not counted.
MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer)
WHERE r.kind = "person" AND r.deleted_at IS NULL AND (r.merged_into IS NULL OR r.merged_into = r.key)
WITH c, r.source AS source, count(r) AS records
WITH c, collect([source, records]) AS silos
WITH collect(silos) AS people
UNWIND people AS silos
UNWIND silos AS silo
RETURN silo[0] AS source, sum(silo[1]) AS records, count(silo) AS people,
       sum(CASE WHEN size(silos) = 1 THEN 1 ELSE 0 END) AS only_here, size(people) AS together
ORDER BY records DESC, source
