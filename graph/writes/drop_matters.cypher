// The matters of changed interactions, before they are written anew; a matter that nothing belongs to any more goes.
// :param ids => ["helpdesk/tickets/7:created"]
UNWIND $ids AS id
MATCH (:Interaction {id: id})-[p:PART_OF]->(m)
DELETE p
WITH DISTINCT m
WHERE NOT EXISTS { (m)<-[:PART_OF]-() }
DELETE m
