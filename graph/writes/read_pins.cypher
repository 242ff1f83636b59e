// Every pin in force.
MATCH (p:Pin)
WHERE p.reverted_at IS NULL
RETURN p.id, p.record, p.field, p.value, p.by, p.at.epochMillis
