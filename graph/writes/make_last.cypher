// Where journeys end.
// :param rows => [["4:c:1", "4:i:1", ""]]    customer, interaction, by their element ids
UNWIND $rows AS row
MATCH (c) WHERE elementId(c) = row[0] AND c:Customer
MATCH (i) WHERE elementId(i) = row[1] AND i:Interaction
CREATE (c)-[:LAST]->(i)
