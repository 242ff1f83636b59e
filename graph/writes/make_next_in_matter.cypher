// Which interaction followed which in the same ticket, deal, order or subscription.
// :param rows => [["helpdesk/t/7:created", "helpdesk/t/7:solved", "ticket:helpdesk/7", 3600]]    from, to, matter, gap in seconds
UNWIND $rows AS row
MATCH (a:Interaction {id: row[0]})
MATCH (b:Interaction {id: row[1]})
CREATE (a)-[:NEXT_IN_MATTER {matter: row[2], gap_seconds: row[3]}]->(b)
