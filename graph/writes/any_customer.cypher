// One customer, if there is any.
MATCH (c:Customer)
RETURN c.id LIMIT 1
