// Where a stream was read to.
// :param key => "crm/contacts"
MATCH (c:Cursor {key: $key})
RETURN c.state
