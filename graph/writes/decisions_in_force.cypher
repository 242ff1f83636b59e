// Decisions that hold, the oldest first.
MATCH (d:Decision)
WHERE d.reverted_at IS NULL
WITH d ORDER BY d.id
RETURN d.id, d.kind, d.records, d.apart
