// This graph gets an id of its own, by which caches of it are found.
// :param id => "0197-id"
MERGE (m:Meta {name: "c360"})
SET m.store_id = $id
