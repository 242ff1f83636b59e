// Customers as the journeys' columns hold them, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN collect([c.id, head([(c)-[:WORKS_FOR]->(a:Account) | a.id]), c.country, c.city, c.region, c.postal_code, c.locale, c.job_title, c.birth_date,
                c.lifecycle_stage, c.stage_said, c.owner, c.team, c.tags, c.sources, c.created_at.epochMillis,
                c.first_at.epochMillis, c.last_at.epochMillis, c.last_inbound_at.epochMillis, c.reactivated_at.epochMillis])
