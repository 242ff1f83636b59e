// An API key by its id, with its hash.
// :param id => "5f2c9a1b7d3e4f60"
MATCH (k:ApiKey {id: $id})
RETURN k.id, k.name, k.role, k.created_at.epochMillis, k.expires_at.epochMillis, k.revoked_at.epochMillis,
       k.last_used_at.epochMillis, k.limits, k.hash
