// What the answers of customers are about.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(a:Interaction)-[o:ABOUT]->(b:Interaction)
RETURN collect([a.id, b.id, o.method])
