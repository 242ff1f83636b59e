// Which record describes whom, and why: how many ties, then the rows; the evidence is JSON, the weight is in bits.
MATCH (:SourceRecord)-[d:DESCRIBES]->()
RETURN count(d);
MATCH (r:SourceRecord)-[d:DESCRIBES]->(n)
RETURN r.key AS record, r.source AS source, CASE WHEN n:Customer THEN "customer" ELSE "account" END AS of, n.id AS id,
       d.weight AS weight, d.rule AS rule, d.by AS by, d.evidence AS evidence
