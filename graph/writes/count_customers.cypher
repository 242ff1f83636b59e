// How many customers there are.
MATCH (c:Customer)
RETURN count(c)
