// The entry of the change log up to which a destination's deliveries are kept.
// :param name => "warehouse"
MATCH (d:Destination {name: $name})
RETURN d.seq
