// Words by which customers that go were found: they are forgotten when nobody else is found by them.
// :param ids => ["0197-old"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:NAMED_BY|ADDRESSED_BY]->(w:Word)
WITH DISTINCT w
SET w.loose = true
