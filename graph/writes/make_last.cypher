// Where journeys end.
// :param rows => [["0197-customer", "crm/deals/1:won", ""]]    customer, interaction
UNWIND $rows AS row
MATCH (c:Customer {id: row[0]})
MATCH (i:Interaction {id: row[1]})
CREATE (c)-[:LAST]->(i)
