// The number of the oldest entry of the change log that is kept.
MATCH (c:Change)
RETURN min(c.seq)
