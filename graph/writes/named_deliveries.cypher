// One delivery, or all of a destination.
// :param id => null
// :param destination => "warehouse"
MATCH (d:Delivery)
WHERE d.id = $id OR d.destination = $destination
RETURN d.id
