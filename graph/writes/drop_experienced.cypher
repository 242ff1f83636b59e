// What is no longer part of a customer's journey, or no longer at this stage and touchpoint.
// :param rows => [["0197-customer", "crm/deals/1:won", "customer"]]    customer, interaction, stage
UNWIND $rows AS row
MATCH (:Customer {id: row[0]})-[e:EXPERIENCED]->(i:Interaction {id: row[1]})
OPTIONAL MATCH (i)-[a:AT]->()
SET i.stage = null
DELETE e, a
