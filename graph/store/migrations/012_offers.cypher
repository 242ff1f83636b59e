// 012_offers.cypher: a rating that was offered, in Zendesk, has an id of its own: a later answer is another interaction.
MATCH (i:Interaction {kind: 'survey.sent', stream: 'satisfaction-ratings'})
WHERE NOT i.id ENDS WITH ':offered'
SET i.id = i.id + ':offered'
WITH i
MATCH (c:Customer)-[:EXPERIENCED]->(i)
SET c.stale = true;
