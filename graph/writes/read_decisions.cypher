// What people decided about records, and did not take back: the first record, and those it is one with or apart from.
MATCH (d:Decision)
WHERE d.reverted_at IS NULL
UNWIND CASE WHEN d.apart IS NULL THEN [d.records[0]] ELSE [key IN d.records WHERE NOT key IN d.apart] END AS one
RETURN d.kind, CASE WHEN d.apart IS NULL THEN d.records ELSE [one] + d.apart END
