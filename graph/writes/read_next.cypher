// Which interaction follows which in customers' journeys.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(a:Interaction)-[n:NEXT]->(b:Interaction)
RETURN collect([a.id, b.id, n.gap_seconds])
