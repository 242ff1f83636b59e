// What a survey's answer is about, and how we know.
// :param rows => [["surveys/a/1", "helpdesk/t/7:solved", "token"]]    answer, what it is about, method
UNWIND $rows AS row
MATCH (a:Interaction {id: row[0]})
MATCH (b:Interaction {id: row[1]})
CREATE (a)-[:ABOUT {method: row[2]}]->(b)
