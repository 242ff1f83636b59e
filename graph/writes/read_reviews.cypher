// All pairs that wait for a person.
MATCH (a:SourceRecord)-[m:MAY_MATCH {status: "OPEN"}]->(b:SourceRecord)
RETURN a.key, b.key, m.weight, m.probability, m.distance
