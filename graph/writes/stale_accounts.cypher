// Accounts about which something new is known, in the order of their ids.
MATCH (c:Account {stale: true})
RETURN c.id ORDER BY c.id
