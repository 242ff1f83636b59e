// Former ids that are in use again.
// :param ids => ["0197-old"]
UNWIND $ids AS id
MATCH (f:FormerId {id: id})
DETACH DELETE f
