// Where journeys no longer begin.
// :param rows => [["0197-customer", "crm/deals/1:won", ""]]    customer, interaction
UNWIND $rows AS row
MATCH (:Customer {id: row[0]})-[e:FIRST]->(:Interaction {id: row[1]})
DELETE e
