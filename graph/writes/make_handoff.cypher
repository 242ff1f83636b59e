// Matters that one team handed to another.
// :param rows => [["4:i:1", "4:i:2", "ticket:helpdesk/7", 1751328000000, "Support", "Billing", "service", "finance", 7200, 3600]]    from, to, both by their element ids, matter, at, teams, functions, wait in calendar and business seconds
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row[0] AND a:Interaction
MATCH (b) WHERE elementId(b) = row[1] AND b:Interaction
CREATE (a)-[:HANDOFF {matter: row[2], at: datetime({epochMillis: row[3]}), from_team: row[4], to_team: row[5], from_function: row[6],
                      to_function: row[7], wait_seconds: row[8], business_wait_seconds: row[9]}]->(b)
