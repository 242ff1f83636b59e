// Words that only e-mail addresses hold: of customers or of accounts.
// :param rows => [["4:c:1", "4:w:1"]]    who, word, both by their element ids
UNWIND $rows AS row
MATCH (n) WHERE elementId(n) = row[0] AND (n:Customer OR n:Account)
MATCH (w) WHERE elementId(w) = row[1] AND w:Word
CREATE (n)-[:ADDRESSED_BY]->(w)
