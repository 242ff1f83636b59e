// Whether an API key was ever made.
MATCH (k:ApiKey)
RETURN k.id
LIMIT 1
