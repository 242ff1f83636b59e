// The state of a stream, true once the records of the same transaction are stored, and how many interactions it gave.
// :param key => "crm/contacts"
// :param source => "crm"
// :param stream => "contacts"
// :param state => "{}"
// :param interactions => 0    new ones of the same transaction
// :param now => 1751328000000
MERGE (c:Cursor {key: $key})
SET c.source = $source, c.stream = $stream, c.state = $state, c.at = datetime({epochMillis: $now}),
    c.interactions = coalesce(c.interactions, 0) + $interactions
