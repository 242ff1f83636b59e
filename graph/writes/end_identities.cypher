// Identities that are no longer so; they stay as history.
// :param ids => ["0197-id"]
// :param now => 1751328000000
UNWIND $ids AS id
MATCH (i:Identity {id: id})
WHERE i.ended IS NULL
SET i.ended = datetime({epochMillis: $now})
