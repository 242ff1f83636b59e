// Raise alerts, each once whatever happens: its id follows from its rule and its cause. It concerns the record through
// which the cause was experienced, and so whoever that record describes. Answers whom each concerns now.
// :param rows => [{id: "0f3a", rule: "A detractor", condition: "detractor", cause: "survey/answers/1", since: 1751328000000, due: 1751414400000, owner: "Ines Marl", evidence: "{}", metric: "nps", threshold: 6.0}]
// :param now => 1751328000000
UNWIND $rows AS row
MATCH (i:Interaction {id: row.cause})
MATCH (r:SourceRecord {key: i.record})-[:DESCRIBES]->(c:Customer)
MERGE (a:Alert {id: row.id})
ON CREATE SET a.rule = row.rule, a.condition = row.condition, a.cause = row.cause, a.record = r.key, a.status = "OPEN",
  a.owner = row.owner, a.since = datetime({epochMillis: row.since}), a.raised_at = datetime({epochMillis: $now}),
  a.due_at = datetime({epochMillis: row.due}), a.evidence = row.evidence, a.metric = row.metric,
  a.threshold = row.threshold, a.to_tell = true
MERGE (a)-[:RAISED_BY]->(i)
MERGE (a)-[:CONCERNS]->(r)
RETURN c.id, a.id
ORDER BY c.id, a.id
