// Pairs that a person should decide about; what people noted on one that waits already stays.
// `queue` sorts them: open ones first, then nearest the threshold, then most interactions at stake, then by keys.
// :param rows => [{left: "crm/contacts/1", right: "helpdesk/users/2", weight: 0.4, probability: 0.57, distance: 0.6}]    weight, and its distance to the threshold, in bits
UNWIND $rows AS row
MATCH (a:SourceRecord {key: row.left})
MATCH (b:SourceRecord {key: row.right})
OPTIONAL MATCH (a)-[:DESCRIBES]->(one:Customer)
OPTIONAL MATCH (b)-[:DESCRIBES]->(two:Customer)
WITH row, a, b, coalesce(one.interaction_count, 0) + coalesce(two.interaction_count, 0) AS stake
MERGE (a)-[m:MAY_MATCH {status: "OPEN"}]->(b)
SET m.weight = row.weight, m.probability = row.probability, m.distance = row.distance, m.stake = stake,
    m.queue = toString(10000000 + toInteger(round(row.distance * 1000))) + toString(1999999999 - stake)
              + a.key + " " + b.key
