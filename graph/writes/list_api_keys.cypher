// All API keys, the oldest first; instants in epoch milliseconds.
MATCH (k:ApiKey)
WITH k ORDER BY k.created_at, k.id
RETURN k.id, k.name, k.role, k.created_at.epochMillis, k.expires_at.epochMillis, k.revoked_at.epochMillis,
       k.last_used_at.epochMillis, k.limits
