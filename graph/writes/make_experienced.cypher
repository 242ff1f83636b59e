// Who experienced what, at which stage of their life and at which touchpoint.
// :param rows => [["4:c:1", "4:i:1", "customer", "4:t:1"]]    customer, interaction, stage, touchpoint; nodes by their element ids
UNWIND $rows AS row
MATCH (c) WHERE elementId(c) = row[0] AND c:Customer
MATCH (i) WHERE elementId(i) = row[1] AND i:Interaction
MATCH (t) WHERE elementId(t) = row[3] AND t:Touchpoint
SET i.stage = row[2]
CREATE (c)-[:EXPERIENCED]->(i)
CREATE (i)-[:AT]->(t)
