// How far each source is trusted (0–1), as plugins.toml says.
MATCH (s:Source)
RETURN s.name, s.trust
