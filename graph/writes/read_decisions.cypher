// What people decided about records, and did not take back.
MATCH (d:Decision)
WHERE d.reverted_at IS NULL
RETURN d.kind, d.records
