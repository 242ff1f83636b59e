// Where a customer can be written to, in which language, and what they have consented to.
// :param id => "0197-id"
MATCH (c:Customer {id: $id})
RETURN c.id, c.primary_email, c.locale, c.consents
