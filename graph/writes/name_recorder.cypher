// The source of what people and web applications report themselves.
// :param source => "recorded"
// :param connector => "api"
MERGE (s:Source {name: $source})
ON CREATE SET s.connector = $connector, s.trust = 0.5
