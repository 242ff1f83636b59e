// What one customer was asked again, in another matter than the one that had asked first.
// :param id => "0197f3a2-0000-7000-8000-000000000000"   the customer's id
MATCH (c:Customer {id: $id})-[:EXPERIENCED]->(i:Interaction)
WHERE i.requested_fields IS NOT NULL
UNWIND i.requested_fields AS field
WITH field, i, coalesce(i.ticket, i.activity_id, i.id) AS matter ORDER BY i.at, i.sequence, i.id
WITH field, collect({matter: matter, at: i.at, source: i.source, kind: i.kind}) AS asked
UNWIND range(1, size(asked) - 1) AS k
WITH field, asked[0] AS first, asked[k] AS again
WHERE again.matter <> first.matter
RETURN field, first.at AS first_asked, first.source AS first_source, first.kind AS first_kind,
       again.at AS asked_again, again.source AS again_source, again.kind AS again_kind
ORDER BY asked_again, field
