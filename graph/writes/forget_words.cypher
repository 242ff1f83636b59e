// Words that nobody is found by any more, a batch at a time; answers how many were looked at.
MATCH (w:Word {loose: true})
WITH w LIMIT 10000
SET w.loose = null
WITH w, NOT EXISTS { (w)<-[:NAMED_BY|ADDRESSED_BY]-() } AS gone
FOREACH (each IN CASE WHEN gone THEN [w] ELSE [] END | DETACH DELETE each)
RETURN count(*)
