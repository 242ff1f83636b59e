// A new API key; only its hash is kept.
// :param id => "5f2c9a1b7d3e4f60"
// :param name => "dashboard"
// :param role => "reader"
// :param hash => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
// :param now => 1751328000000
// :param expires => null
// :param limits => "rate=600 points=1000"
CREATE (:ApiKey {id: $id, name: $name, role: $role, hash: $hash, limits: $limits,
                 created_at: datetime({epochMillis: $now}),
                 expires_at: CASE WHEN $expires IS NULL THEN null ELSE datetime({epochMillis: $expires}) END})
