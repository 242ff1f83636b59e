// Words that customers and accounts are found by, each with its three parts.
// :param rows => [{text: "mueller", folded: "muller", head: "6:mu", middle: "6:ll", tail: "6:er"}]
UNWIND $rows AS row
MERGE (w:Word {text: row.text})
ON CREATE SET w.folded = row.folded, w.head = row.head, w.middle = row.middle, w.tail = row.tail
