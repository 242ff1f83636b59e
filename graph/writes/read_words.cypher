// Words, in their order.
// :param after => ""
// :param most => 10000
MATCH (w:Word)
WHERE w.text > $after
WITH w ORDER BY w.text LIMIT $most
RETURN collect(w.text)
