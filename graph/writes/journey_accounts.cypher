// Accounts as the journeys' columns hold them, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (a:Account {id: id})
RETURN collect([a.id, a.name, a.industry, a.size, a.country, a.owner])
