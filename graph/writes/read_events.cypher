// What the persons of records experienced, in the columns of `graph/customer/events.py`.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (i:Interaction {record: key})
WHERE i.deleted_at IS NULL
RETURN collect([key, i.id, i.at.epochMillis, i.sequence, i.kind, i.function, i.channel, i.direction, i.automated, i.team, i.agent,
       i.ticket, i.deal, i.order, i.subscription, i.metric, i.score, i.program, i.survey_token, coalesce(i.fresh, false), elementId(i), i.asked_about])
