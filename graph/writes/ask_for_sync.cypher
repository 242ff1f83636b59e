// Somebody asks for a sync, which a process of its own will begin.
// :param id => "0197-sync"
// :param owner => "host 1 0.00"
// :param by => "ada"
// :param key => null
// :param request => "1f"
CREATE (:Sync {id: $id, status: "WAITING", owner: $owner, by: $by, heard: timestamp(), idempotency_key: $key,
               request: $request})
