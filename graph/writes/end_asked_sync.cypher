// The process of a sync that was asked for ended before it took it over.
// :param id => "0197-sync"
// :param asker => "host 1 0.00"
// :param status => "FAILED"
// :param error => "plugins.toml names no source."
MATCH (s:Sync {id: $id})
WHERE s.status = "WAITING" AND s.owner = $asker
SET s.status = $status, s.error = $error, s.heard = timestamp(), s.finished_at = datetime({epochMillis: timestamp()})
