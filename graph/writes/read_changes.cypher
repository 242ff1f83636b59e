// Entries of the change log, in their order.
// :param after => 41
// :param until => 141
MATCH (c:Change)
WHERE c.seq > $after AND c.seq <= $until
RETURN c.seq, c.at.epochMillis, c.batch
ORDER BY c.seq
