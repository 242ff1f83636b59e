// What accounts experienced, as the journeys' columns hold it, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Account {id: id})-[:EXPERIENCED]->(i:Interaction)
WHERE i.deleted_at IS NULL
WITH id, i, CASE WHEN i.metric IS NULL THEN null ELSE head([(i)-[about:ABOUT]->(of:Interaction) | [of.id, about.method]]) END AS about
RETURN collect([id, i.id, i.at.epochMillis, i.sequence, i.kind, i.function, i.channel, i.direction, i.automated, i.stage, i.team, i.agent,
                i.source, i.activity_id, i.campaign, i.ticket, i.deal, i.order, i.subscription, i.metric, i.score, i.scale_min, i.scale_max,
                i.polarity, i.program, i.question, CASE WHEN i.metric IS NULL THEN null ELSE i.text END, i.reason, i.topic, i.survey_token,
                about[0], about[1], i.amount, i.currency, i.recurring_amount, i.billing_period, i.quantity, i.cost, i.requested_fields,
                i.ended_at.epochMillis])
