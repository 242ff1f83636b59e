// Words that customers and accounts are found by, each with its three parts and the letters in a row that are in it.
// :param rows => [{text: "mueller", folded: "muller", head: "6:mu", middle: "6:ll", tail: "6:er", letters: ["ull"]}]
UNWIND $rows AS row
MERGE (w:Word {text: row.text})
ON CREATE SET w.folded = row.folded, w.head = row.head, w.middle = row.middle, w.tail = row.tail
WITH w, row WHERE NOT EXISTS { (w)-[:HAS_LETTERS]->(:Letters) }
UNWIND row.letters AS text
MATCH (l:Letters {text: text})
CREATE (w)-[:HAS_LETTERS]->(l)
