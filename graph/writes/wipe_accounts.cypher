// Derived accounts, a batch at a time; answers how many went.
MATCH (n:Account)
WITH n LIMIT 1000
DETACH DELETE n
RETURN count(*)
