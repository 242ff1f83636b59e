// The scores one customer gave, with the words beside them and what each is about.
// :param id => "0197f3a2-0000-7000-8000-000000000000"   the customer's id
MATCH (c:Customer {id: $id})-[:EXPERIENCED]->(s:Interaction)
WHERE s.score IS NOT NULL
OPTIONAL MATCH (s)-[:ABOUT]->(i:Interaction)
RETURN s.at AS at, s.metric AS metric, s.score AS score, s.scale_min AS scale_min, s.scale_max AS scale_max, s.polarity AS polarity,
       s.program AS program, s.text AS comment, s.reason AS reason, i.kind AS about, i.subject AS about_subject, i.at AS about_at,
       s.source AS source
ORDER BY at, s.id
