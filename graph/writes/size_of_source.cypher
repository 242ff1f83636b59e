// What a source has said, and how many customers nobody else knows.
// :param source => "helpdesk"
// :param prefix => "helpdesk/"
CALL () { MATCH (s:Source {name: $source}) RETURN count(s) > 0 AS known }
CALL () { MATCH (r:SourceRecord) WHERE r.key STARTS WITH $prefix AND r.body IS NOT NULL RETURN count(r) AS records }
CALL () { MATCH (i:Interaction) WHERE i.id STARTS WITH $prefix RETURN count(i) AS interactions }
CALL () { MATCH (x:Rejection) WHERE x.source = $source RETURN count(x) AS rejections }
CALL () {
  MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WHERE r.key STARTS WITH $prefix
  WITH DISTINCT c
  WHERE NOT EXISTS { MATCH (c)<-[:DESCRIBES]-(o:SourceRecord) WHERE NOT o.key STARTS WITH $prefix }
  RETURN count(c) AS customers
}
RETURN known, records, interactions, rejections, customers
