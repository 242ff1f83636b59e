// Deliveries that were handed over, or never will be.
// :param ids => ["warehouse/evt_0f3a"]
UNWIND $ids AS id
MATCH (d:Delivery {id: id})
DELETE d
