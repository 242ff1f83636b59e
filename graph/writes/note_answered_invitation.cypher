// An invitation was answered.
// :param id => "0f3a"
// :param now => 1751328000000
MATCH (v:Invitation {id: $id})
WHERE v.answered_at IS NULL
SET v.answered_at = datetime({epochMillis: $now})
