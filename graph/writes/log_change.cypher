// One entry of the change log; written under the lease `link`, so `seq` has no gaps.
// :param now => 1751328000000
// :param batch => "{}"
MATCH (m:Meta {name: "c360"})
SET m.seq = coalesce(m.seq, 0) + 1
CREATE (:Change {seq: m.seq, at: datetime({epochMillis: $now}), batch: $batch})
