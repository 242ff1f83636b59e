// What a request was answered that left no other fact, and the hash of that request.
// :param id => "0f3a"
MATCH (a:Answer {id: $id})
RETURN a.body, a.request
