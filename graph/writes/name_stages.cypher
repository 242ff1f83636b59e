// The stages of the lifecycle, in their order.
// :param rows => [{name: "lead", rank: 2}]
UNWIND $rows AS row
MERGE (s:Stage {name: row.name})
SET s.rank = row.rank
