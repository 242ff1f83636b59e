// What the customer whom an id or a former id names has consented to; no row when there is nobody.
// :param id => "c-42"
OPTIONAL MATCH (current:Customer {id: $id})
OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Customer)
WITH DISTINCT coalesce(current, now) AS c
WHERE c IS NOT NULL
RETURN c.consents
