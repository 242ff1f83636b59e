// One raw record that could not be read, as it came.
// :param id => "crm/contacts/5f2c9a1b"
MATCH (r:Rejection {id: $id})
RETURN r.id, r.source, r.stream, r.place, r.reason, r.at.epochMillis, r.body
