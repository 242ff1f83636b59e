// A source's interactions, a batch at a time; whoever experienced them is derived again. Answers how many went.
// :param prefix => "helpdesk/"
MATCH (i:Interaction)
WHERE i.id STARTS WITH $prefix
WITH i LIMIT 2000
WITH collect(i) AS gone
CALL (gone) {
  UNWIND gone AS i
  MATCH (c)-[:EXPERIENCED]->(i)
  SET c.stale = true
  RETURN count(c) AS customers
}
CALL (gone) {
  UNWIND gone AS i
  DETACH DELETE i
}
RETURN size(gone)
