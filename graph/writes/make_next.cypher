// Which interaction followed which.
// :param rows => [["4:i:1", "4:i:2", 86400]]    from, to, both by their element ids, gap in seconds
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row[0] AND a:Interaction
MATCH (b) WHERE elementId(b) = row[1] AND b:Interaction
CREATE (a)-[:NEXT {gap_seconds: row[2]}]->(b)
