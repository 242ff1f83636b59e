// What was being linked when a run was killed; null: nothing.
MATCH (m:Meta {name: "c360"})
RETURN m.linking
