// Interactions that belong to a subscription.
// :param rows => [{interaction: "helpdesk/tickets/7:created", matter: "helpdesk/7", source: "helpdesk", name: "7"}]
UNWIND $rows AS row
MATCH (i:Interaction {id: row.interaction})
MERGE (m:Subscription {id: row.matter}) ON CREATE SET m.source = row.source, m.name = row.name
CREATE (i)-[:PART_OF]->(m)
