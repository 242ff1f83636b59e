// Pairs that waited for a person under an earlier run.
MATCH (:SourceRecord)-[m:MAY_MATCH {status: "OPEN"}]->(:SourceRecord)
DELETE m
