// Accounts about which something new is known, in the order of their ids.
MATCH (c:Account {stale: true})
WITH c.id AS id ORDER BY id
RETURN collect(id)
