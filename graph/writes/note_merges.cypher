// For the change log, until the heir is derived: whom a customer has absorbed, with whom those had absorbed before.
// :param rows => [{former: "0197-old", now: "0197-id"}]
UNWIND $rows AS row
MATCH (c:Customer {id: row.now})
MATCH (old:Customer {id: row.former})
WITH c, old.id AS id, coalesce(old.absorbed, []) AS before
WITH c, collect(id) AS ids, collect(before) AS befores
SET c.absorbed = coalesce(c.absorbed, []) + ids + reduce(all = [], one IN befores | all + one)
