// What a person decided about records.
// :param rows => [{id: "0197-decision", kind: "merge", records: ["crm/contacts/1", "helpdesk/users/2"], apart: null, by: "token", reason: null, key: null, request: null, outcome: null}]
//     outcome: what is answered, as JSON, where the request comes again under its key; on the first of several decisions
// :param now => 1751328000000
UNWIND $rows AS row
CREATE (:Decision {id: row.id, kind: row.kind, records: row.records, apart: row.apart, by: row.by, reason: row.reason,
                   idempotency_key: row.key, request: row.request, outcome: row.outcome, at: datetime({epochMillis: $now})})
