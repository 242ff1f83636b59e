// Customers that name a company but belong to no account yet: a new account may be theirs.
MATCH (c:Customer)
WHERE c.account_name IS NOT NULL AND NOT EXISTS { (c)-[:WORKS_FOR]->(:Account) }
SET c.stale = true
