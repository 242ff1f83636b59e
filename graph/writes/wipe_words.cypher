// Words that customers and accounts are found by, a batch at a time; answers how many went.
MATCH (n:Word)
WITH n LIMIT 1000
DETACH DELETE n
RETURN count(*)
