// We wrote to a record in its source, which now says that it changed: that is no news.
// :param key => "support/users/101"
// :param at => 1751328000000    by the source's clock
MATCH (r:SourceRecord {key: $key})
SET r.written_at = datetime({epochMillis: $at}), r.writing_since = null
