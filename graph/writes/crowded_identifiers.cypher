// Of these identifiers those that more than so many person records have.
// :param keys => ["external:loyalty:0"]
// :param most => 300
UNWIND $keys AS key
MATCH (:Identifier {key: key})<-[:HAS_IDENTIFIER]-(r:SourceRecord {kind: "person"})
WITH key, count(r) AS carried
WHERE carried > $most
RETURN key
