// Which interaction follows which in the matters of customers.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(a:Interaction)-[n:NEXT_IN_MATTER]->(b:Interaction)
RETURN collect([a.id, b.id, n.matter, n.gap_seconds])
