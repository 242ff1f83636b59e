// The oldest pushes that wait.
// :param most => 200
MATCH (p:Push)
RETURN p.id, p.source, p.body
ORDER BY p.id
LIMIT $most
