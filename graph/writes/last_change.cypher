// The number of the last entry of the change log.
MATCH (m:Meta {name: "c360"})
RETURN coalesce(m.seq, 0)
