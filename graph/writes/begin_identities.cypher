// From now on this id stands for these records.
// :param rows => [{id: "0197-id", of: "customer", records: ["crm/contacts/1"], evidence: null}]
// :param now => 1751328000000
UNWIND $rows AS row
CREATE (:Identity {id: row.id, of: row.of, records: row.records, evidence: row.evidence, by: "linkage",
                   since: datetime({epochMillis: $now})})
