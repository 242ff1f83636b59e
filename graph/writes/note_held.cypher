// The merge brake holds so many merges, or none any more.
// :param held => 120
MATCH (m:Meta {name: "c360"})
SET m.held = $held
