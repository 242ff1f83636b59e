// Where customers worked, before it is written anew.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[w:WORKS_FOR]->()
DELETE w
