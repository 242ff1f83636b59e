// Who experienced what, at which stage of their life and at which touchpoint.
// :param rows => [["0197-customer", "crm/deals/1:won", "customer", "deal.won:other:sales"]]    customer, interaction, stage, touchpoint
UNWIND $rows AS row
MATCH (c:Customer {id: row[0]})
MATCH (i:Interaction {id: row[1]})
MATCH (t:Touchpoint {key: row[3]})
SET i.stage = row[2]
CREATE (c)-[:EXPERIENCED]->(i)
CREATE (i)-[:AT]->(t)
