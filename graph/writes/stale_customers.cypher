// Customers about which something new is known, in the order of their ids.
MATCH (c:Customer {stale: true})
WITH c.id AS id ORDER BY id
RETURN collect(id)
