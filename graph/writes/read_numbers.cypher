// Keys of telephone numbers, in their order; ";" is what follows ":".
// :param after => "phone:"
// :param most => 5000
MATCH (i:Identifier)
WHERE i.key > $after AND i.key < "phone;"
WITH i ORDER BY i.key LIMIT $most
RETURN collect(i.key)
