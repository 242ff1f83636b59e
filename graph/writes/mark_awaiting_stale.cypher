// Customers who belong to the account that one of these records describes, and have waited for it.
// :param keys => ["crm/companies/1"]
UNWIND $keys AS key
MATCH (c:Customer {awaited_account: key})
SET c.stale = true
