// How many interactions there are.
MATCH (i:Interaction)
RETURN count(i)
