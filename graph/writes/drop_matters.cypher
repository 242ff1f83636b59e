// The matters of changed interactions, before they are written anew.
// :param ids => ["helpdesk/tickets/7:created"]
UNWIND $ids AS id
MATCH (:Interaction {id: id})-[p:PART_OF]->()
DELETE p
