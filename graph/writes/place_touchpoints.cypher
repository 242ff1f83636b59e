// Where touchpoints and stages are in the store: the element id of each.
// :param keys => ["deal.won:other:sales"]
// :param stages => ["lead"]
CALL () {
  UNWIND $keys AS key MATCH (t:Touchpoint {key: key})
  RETURN collect([t.key, elementId(t)]) AS touchpoints
}
CALL () {
  UNWIND $stages AS name MATCH (s:Stage {name: name})
  RETURN collect([s.name, elementId(s)]) AS stages
}
RETURN [touchpoints, stages]
