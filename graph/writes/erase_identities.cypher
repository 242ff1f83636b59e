// Identities of which no record is left, with the customers and accounts that they were, a batch at a time.
MATCH (i:Identity)
WHERE size(i.records) = 0
WITH i LIMIT 1000
OPTIONAL MATCH (c:Customer {id: i.id})
OPTIONAL MATCH (a:Account {id: i.id})
WITH i, coalesce(c, a) AS who
CALL (who) {
  MATCH (who)-[:NAMED_BY|ADDRESSED_BY]->(w:Word)
  SET w.loose = true
  RETURN count(w) AS words
}
DETACH DELETE i, who
RETURN count(*)
