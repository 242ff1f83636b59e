// Which graph this is, and the state that its last link run has drawn.
MATCH (m:Meta {name: "c360"})
RETURN m.store_id, m.link_state
