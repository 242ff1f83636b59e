// We are about to write to a record in its source; gives since when an earlier write is without an end, where one is.
// :param key => "support/users/101"
// :param at => 1751328000000    by our clock
MATCH (r:SourceRecord {key: $key})
WITH r, r.writing_since.epochMillis AS before
SET r.writing_since = datetime({epochMillis: $at})
RETURN before
