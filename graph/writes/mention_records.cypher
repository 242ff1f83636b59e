// Records known only because an interaction or a consent names them; they give way when the person arrives. Answers the new ones.
// :param rows => [{key: "crm/contacts/1", source: "crm", stream: "contacts", id: "1", body: null, pending: null}]
UNWIND $rows AS row
MERGE (r:SourceRecord {key: row.key})
ON CREATE SET r.source = row.source, r.stream = row.stream, r.id = row.id, r.kind = "mention", r.body = row.body,
              r.hash = "mention", r.pending = row.pending, r.fresh = true
WITH r WHERE r.fresh = true
SET r.fresh = null
RETURN collect(r.key)
