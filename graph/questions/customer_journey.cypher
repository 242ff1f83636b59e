// One customer's journey in order: what happened when and where, in which stage, with which score, and how many days after the step before.
// :param id => "0197f3a2-0000-7000-8000-000000000000"   the customer's id
// :param automated => false   whether what machines did is shown too (default)
MATCH (c:Customer {id: $id})-[:EXPERIENCED]->(i:Interaction)
WHERE $automated OR NOT coalesce(i.automated, false)
OPTIONAL MATCH (i)-[:AT]->(t:Touchpoint)
OPTIONAL MATCH (before:Interaction)-[n:NEXT]->(i)
RETURN i.at AS at, i.function AS function, i.kind AS kind, t.name AS touchpoint, i.direction AS direction, i.stage AS stage,
       i.subject AS subject, i.metric AS metric, i.score AS score, i.text AS text, i.team AS team, i.amount AS amount,
       i.currency AS currency, i.source AS source, round(n.gap_seconds / 8640.0) / 10 AS days_after, i.id AS id
ORDER BY at, i.sequence, id
