// Whoever is to be told of an alert has been.
// :param id => "0f3a"
// :param now => 1751328000000
MATCH (a:Alert {id: $id})
SET a.to_tell = null, a.told_at = datetime({epochMillis: $now})
