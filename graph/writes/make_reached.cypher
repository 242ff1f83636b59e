// Which stage customers reached, when, and by which interaction.
// :param rows => [["4:c:1", "4:s:1", 1, 1751328000000, null, "crm/forms/1", "prospect", false]]    customer, stage, both by their element ids, ordinal, at, left at, cause, from, regression
UNWIND $rows AS row
MATCH (c) WHERE elementId(c) = row[0] AND c:Customer
MATCH (s) WHERE elementId(s) = row[1] AND s:Stage
CREATE (c)-[:REACHED {ordinal: row[2], at: datetime({epochMillis: row[3]}), cause: row[5], from_stage: row[6], regression: row[7],
                      left_at: CASE WHEN row[4] IS NULL THEN null ELSE datetime({epochMillis: row[4]}) END}]->(s)
