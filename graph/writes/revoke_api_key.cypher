// An API key holds no more; one that was revoked before keeps its moment.
// :param id => "5f2c9a1b7d3e4f60"
// :param now => 1751328000000
MATCH (k:ApiKey {id: $id})
WHERE k.revoked_at IS NULL
SET k.revoked_at = datetime({epochMillis: $now})
