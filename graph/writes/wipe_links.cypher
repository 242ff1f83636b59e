// Derived relationships between interactions, a batch at a time; answers how many went.
MATCH (:Interaction)-[n:NEXT|NEXT_IN_MATTER|HANDOFF|ABOUT|AT]->()
WITH n LIMIT 20000
DELETE n
RETURN count(*)
