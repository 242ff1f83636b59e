// Words by which accounts are no longer found; one that nobody is found by any more is marked to be forgotten.
// :param rows => [["0197-id", "lovelace", "NAMED_BY"]]
UNWIND $rows AS row
MATCH (n:Account {id: row[0]})-[r:NAMED_BY|ADDRESSED_BY]->(w:Word {text: row[1]})
WHERE type(r) = row[2]
DELETE r
SET w.loose = true
