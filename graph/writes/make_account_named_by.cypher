// Words of accounts' names and companies.
// :param rows => [["0197-id", "lovelace"]]
UNWIND $rows AS row
MATCH (n:Account {id: row[0]})
MATCH (w:Word {text: row[1]})
CREATE (n)-[:NAMED_BY]->(w)
