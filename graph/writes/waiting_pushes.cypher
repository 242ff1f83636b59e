// The oldest pushes that wait, and how long each is.
// :param most => 500
MATCH (p:Push)
RETURN p.id, p.source, size(p.body)
ORDER BY p.id
LIMIT $most
