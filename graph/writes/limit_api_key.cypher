// The limits of an API key; null are those of everybody.
// :param id => "5f2c9a1b7d3e4f60"
// :param limits => "rate=600 points=1000"
MATCH (k:ApiKey {id: $id})
SET k.limits = $limits
