// We are about to write to a record in its source. It stays so where nobody comes to say how that ended.
// :param key => "support/users/101"
MATCH (r:SourceRecord {key: $key})
SET r.is_writing = true
