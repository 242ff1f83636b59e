// What the change log tells a destination up to here is kept.
// :param name => "warehouse"
// :param seq => 41
MERGE (d:Destination {name: $name})
SET d.seq = $seq
