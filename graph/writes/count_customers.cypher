// How many customers there are, and whether the merge brake holds a sync.
MATCH (m:Meta {name: "c360"})
RETURN COUNT { MATCH (:Customer) }, m.held IS NOT NULL
