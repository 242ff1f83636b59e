// When an API key was used last, unless that was noted a moment ago.
// :param id => "5f2c9a1b7d3e4f60"
// :param now => 1751328000000
// :param before => 1751327940000
MATCH (k:ApiKey {id: $id})
WHERE k.last_used_at IS NULL OR k.last_used_at <= datetime({epochMillis: $before})
SET k.last_used_at = datetime({epochMillis: $now})
