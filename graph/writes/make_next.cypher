// Which interaction followed which.
// :param rows => [["crm/deals/1:created", "crm/deals/1:won", 86400]]    from, to, gap in seconds
UNWIND $rows AS row
MATCH (a:Interaction {id: row[0]})
MATCH (b:Interaction {id: row[1]})
CREATE (a)-[:NEXT {gap_seconds: row[2]}]->(b)
