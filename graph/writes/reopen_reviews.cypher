// Pairs that a decision had closed wait for a person again.
// :param id => "0197-decision"
MATCH (d:Decision {id: $id})
UNWIND d.records AS key
MATCH (:SourceRecord {key: key})-[m:MAY_MATCH {decision: $id}]->(:SourceRecord)
SET m.status = "OPEN", m.decision = null, m.queue = "1" + substring(m.queue, 1)
