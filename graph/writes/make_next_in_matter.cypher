// Which interaction followed which in the same ticket, deal, order or subscription.
// :param rows => [["4:i:1", "4:i:2", "ticket:helpdesk/7", 3600]]    from, to, both by their element ids, matter, gap in seconds
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row[0] AND a:Interaction
MATCH (b) WHERE elementId(b) = row[1] AND b:Interaction
CREATE (a)-[:NEXT_IN_MATTER {matter: row[2], gap_seconds: row[3]}]->(b)
