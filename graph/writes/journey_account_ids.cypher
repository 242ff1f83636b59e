// The ids of the accounts that follow one, in their order.
// :param after => ""
// :param most => 2000
MATCH (a:Account)
WHERE a.id > $after
WITH a.id AS id ORDER BY id LIMIT $most
RETURN collect(id)
