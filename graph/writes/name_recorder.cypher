// The source of what people and web applications report themselves, or of what a system pushes.
// :param source => "recorded"
// :param connector => "api"
// :param trust => 0.5
MERGE (s:Source {name: $source})
ON CREATE SET s.connector = $connector, s.trust = $trust
