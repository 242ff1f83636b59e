// What a system pushed, mapped and waiting to be stored as records; ids grow with time.
// :param id => "0197-push"
// :param source => "shop"
// :param body => "{}"
// :param now => 1751328000000
CREATE (:Push {id: $id, source: $source, body: $body, at: datetime({epochMillis: $now})})
