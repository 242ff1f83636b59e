// Raw records that could not be mapped: kept with their reason, never dropped in silence.
// :param rows => [{id: "crm/contacts/line 7", source: "crm", stream: "contacts", place: "contacts.csv:7", reason: "no id", body: "{}"}]
// :param now => 1751328000000
UNWIND $rows AS row
MERGE (r:Rejection {id: row.id})
SET r.source = row.source, r.stream = row.stream, r.place = row.place, r.reason = row.reason, r.body = row.body,
    r.at = datetime({epochMillis: $now})
