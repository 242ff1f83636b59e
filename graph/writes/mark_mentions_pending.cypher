// Mentions of identifiers that somebody has lost: they may belong to somebody else now.
// :param keys => ["email:ada@x.test"]
UNWIND $keys AS key
MATCH (:Identifier {key: key})<-[:HAS_IDENTIFIER]-(m:SourceRecord {kind: "mention"})
SET m.pending = true
