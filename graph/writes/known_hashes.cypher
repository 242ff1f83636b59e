// The hash (with body, when we wrote to it in its source, and since when a write of ours is without an end) of each source record that is there already, to find which of a page are new or changed.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
RETURN collect([r.key, r.hash, r.body, r.written_at.epochMillis, r.writing_since.epochMillis])
