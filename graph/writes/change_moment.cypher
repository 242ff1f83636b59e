// When an entry of the change log was written (epoch milliseconds).
// :param seq => 1
MATCH (c:Change {seq: $seq})
RETURN c.at.epochMillis
