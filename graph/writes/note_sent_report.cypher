// A report of a period has gone to somebody; it goes to them once.
// :param id => "Weekly board/2026-03-02/ines@acme.example"
// :param now => 1751328000000
MERGE (s:SentReport {id: $id})
ON CREATE SET s.sent_at = datetime({epochMillis: $now})
