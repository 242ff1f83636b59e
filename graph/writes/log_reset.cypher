// The graph was loaded or built anew: who follows the change log starts again.
// :param now => 1751328000000
MATCH (m:Meta {name: "c360"})
SET m.seq = coalesce(m.seq, 0) + 1
CREATE (:Change {seq: m.seq, at: datetime({epochMillis: $now}), batch: "RESET"})
