// How often a destination was not told of somebody who has not consented to it.
// :param name => "warehouse"
// :param withheld => 2
MATCH (d:Destination {name: $name})
SET d.withheld = coalesce(d.withheld, 0) + $withheld
