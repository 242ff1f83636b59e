// For the change log, until the new customer is derived: the customers whose records it took.
// :param rows => [{id: "0197-new", parted_from: ["0197-old"]}]
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
SET c.parted_from = row.parted_from
