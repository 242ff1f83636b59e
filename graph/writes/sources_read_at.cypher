// When each source was last read without an error.
MATCH (s:Source)
RETURN s.name, s.last_success_at.epochMillis
ORDER BY s.name
