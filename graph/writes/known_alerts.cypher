// Of these alerts those that there are.
// :param ids => ["0f3a"]
UNWIND $ids AS id
MATCH (a:Alert {id: id})
RETURN collect(a.id)
