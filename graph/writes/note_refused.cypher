// The source refused our write to a record: what was known before it holds again.
// :param key => "support/users/101"
// :param before => null
MATCH (r:SourceRecord {key: $key})
SET r.writing_since = CASE WHEN $before IS NULL THEN null ELSE datetime({epochMillis: $before}) END
