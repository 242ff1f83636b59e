// What a survey's answer is about, and how we know.
// :param rows => [["4:i:1", "4:i:2", "token"]]    answer, what it is about, both by their element ids, method
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row[0] AND a:Interaction
MATCH (b) WHERE elementId(b) = row[1] AND b:Interaction
CREATE (a)-[:ABOUT {method: row[2]}]->(b)
