// The ids of the customers that follow one, in their order.
// :param after => ""
// :param most => 2000
MATCH (c:Customer)
WHERE c.id > $after
WITH c.id AS id ORDER BY id LIMIT $most
RETURN collect(id)
