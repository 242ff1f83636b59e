// What systems pushed, mapped and waiting to be stored as records; ids grow with time.
// :param rows => [{id: "0197-push", source: "shop", body: "{}"}]
// :param now => 1751328000000
UNWIND $rows AS row
CREATE (:Push {id: row.id, source: row.source, body: row.body, at: datetime({epochMillis: $now})})
