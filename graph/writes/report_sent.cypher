// Whether a report of a period has gone to somebody.
// :param id => "Weekly board/2026-03-02/ines@acme.example"
MATCH (s:SentReport {id: $id})
RETURN s.id
