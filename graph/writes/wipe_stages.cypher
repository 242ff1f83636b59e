// Derived stages, a batch at a time; answers how many went.
MATCH (n:Stage)
WITH n LIMIT 1000
DETACH DELETE n
RETURN count(*)
