// A trained model is immutable and named by its content.
// :param version => "a1b2"
// :param body => "{}"
// :param records => 1000
// :param now => 1751328000000
MERGE (m:LinkageModel {version: $version})
SET m.body = $body, m.records = $records, m.in_force = true, m.trained_at = datetime({epochMillis: $now})
