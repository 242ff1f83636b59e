// Keep what a request was answered once; gives what is kept under the id, and the hash of the request.
// :param id => "0f3a"
// :param body => "{}"
// :param by => "ada"
// :param now => 1767225600000
// :param request => "hash"
MERGE (a:Answer {id: $id})
ON CREATE SET a.body = $body, a.by = $by, a.at = datetime({epochMillis: $now}), a.request = $request
RETURN a.body, a.request
