// What a person decided about records.
// :param rows => [{id: "0197-decision", kind: "merge", records: ["crm/contacts/1", "helpdesk/users/2"], apart: null, by: "token", reason: null, key: null, request: null}]
// :param now => 1751328000000
UNWIND $rows AS row
CREATE (:Decision {id: row.id, kind: row.kind, records: row.records, apart: row.apart, by: row.by, reason: row.reason,
                   idempotency_key: row.key, request: row.request, at: datetime({epochMillis: $now})})
