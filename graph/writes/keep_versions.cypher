// What changed records said before: only the fields that differ.
// :param rows => [{record: "crm/contacts/1", changed: "{}", until: 1751328000000}]
UNWIND $rows AS row
CREATE (:RecordVersion {record: row.record, changed: row.changed, until: datetime({epochMillis: row.until})})
