// The words by which customers are found, and whether only an address of theirs holds the word.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (n:Customer {id: id})-[r:NAMED_BY|ADDRESSED_BY]->(w:Word)
RETURN collect([id, w.text, type(r)])
