// Letters in a row that stand in words, a batch at a time; answers how many went.
MATCH (n:Letters)
WITH n LIMIT 100
DETACH DELETE n
RETURN count(*)
