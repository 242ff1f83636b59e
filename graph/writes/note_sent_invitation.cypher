// An invitation has left.
// :param id => "0f3a"
// :param now => 1751328000000
MATCH (m:Meta {name: "c360"})
MATCH (v:Invitation {id: $id})
SET v.sent_at = datetime({epochMillis: $now}), m.inviting = null
