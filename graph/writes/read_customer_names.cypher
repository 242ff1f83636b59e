// What customers are found by, in the order of their ids; `search` is what older versions kept of it.
// :param after => ""
MATCH (n:Customer)
WHERE n.id > $after
WITH n ORDER BY n.id LIMIT 1000
RETURN collect({id: n.id, display_name: n.display_name, given_name: n.given_name, family_name: n.family_name, account_name: n.account_name, emails: n.emails, search: n.search})
