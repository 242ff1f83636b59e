// Every interaction that its source has not taken back, with whose it is: how many, then the rows; instants as epoch milliseconds.
MATCH (i:Interaction)
WHERE i.deleted_at IS NULL
RETURN count(i);
MATCH (i:Interaction)
WHERE i.deleted_at IS NULL
OPTIONAL MATCH (c:Customer)-[:EXPERIENCED]->(i)
OPTIONAL MATCH (a:Account)-[:EXPERIENCED]->(i)
OPTIONAL MATCH (i)-[:AT]->(t:Touchpoint)
OPTIONAL MATCH (i)-[:ABOUT]->(about:Interaction)
RETURN i.id AS id, c.id AS customer_id, a.id AS account_id, i.at.epochMillis AS at, i.ended_at.epochMillis AS ended_at,
       i.precision AS precision, i.sequence AS sequence, i.kind AS kind, i.function AS function, i.channel AS channel,
       i.direction AS direction, coalesce(i.automated, false) AS automated, t.name AS touchpoint, i.stage AS stage,
       i.role AS role, i.team AS team, i.agent AS agent, i.subject AS subject, i.text AS text, i.reason AS reason,
       i.topic AS topic, i.campaign AS campaign, i.ticket AS ticket, i.deal AS deal, i.order AS order,
       i.subscription AS subscription, i.amount AS amount, i.currency AS currency, i.recurring_amount AS recurring_amount,
       i.billing_period AS billing_period, i.quantity AS quantity, i.cost AS cost, i.metric AS metric, i.score AS score,
       i.scale_min AS scale_min, i.scale_max AS scale_max, i.polarity AS polarity, i.question AS question,
       i.question_version AS question_version, i.program AS program, about.id AS about_id,
       i.requested_fields AS requested_fields, i.source AS source, i.stream AS stream, i.record AS record,
       i.account_record AS account_record, i.activity_id AS activity_id, i.source_url AS source_url, i.extra AS extra
