// Records are linked now that no cache has seen yet: a new state, drawn by lot, tells it.
// :param state => 4711
MERGE (m:Meta {name: "c360"})
SET m.link_state = $state
RETURN m.link_state
