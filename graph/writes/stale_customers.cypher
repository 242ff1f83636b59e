// Customers about which something new is known, in the order of their ids.
MATCH (c:Customer {stale: true})
RETURN c.id ORDER BY c.id
