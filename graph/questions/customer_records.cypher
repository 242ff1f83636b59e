// The source records that are one customer, the first of them first, and why each was joined: its weight in bits and
// the evidence, field by field, as JSON.
// :param id => "0197f3a2-0000-7000-8000-000000000000"   the customer's id
MATCH (r:SourceRecord)-[d:DESCRIBES]->(c:Customer {id: $id})
RETURN r.key AS record, r.source AS source, r.kind AS kind, d.rule AS rule, d.weight AS bits, d.evidence AS evidence, r.body AS body
ORDER BY d.evidence IS NOT NULL, record
