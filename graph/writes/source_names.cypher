// The sources that the graph knows.
MATCH (s:Source)
RETURN s.name
