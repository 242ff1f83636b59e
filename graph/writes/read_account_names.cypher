// What accounts are found by, in the order of their ids; `search` is what older versions kept of it.
// :param after => ""
MATCH (n:Account)
WHERE n.id > $after
WITH n ORDER BY n.id LIMIT 1000
RETURN collect({id: n.id, name: n.name, domain: n.domain, search: n.search})
