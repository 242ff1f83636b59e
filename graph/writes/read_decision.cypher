// One decision, and whether it was taken back.
// :param id => "0197-decision"
MATCH (d:Decision {id: $id})
RETURN d.kind, d.records, d.apart, d.reverted_at IS NOT NULL
