// A golden value that a person fixes.
// :param id => "0197-pin"
// :param record => "crm/contacts/1"
// :param field => "job_title"
// :param value => "CEO"
// :param by => "ada"
// :param reason => null
// :param key => null
// :param request => null    the hash of what came under the key
// :param replaced => []     ids of the pins that give way
// :param now => 1751328000000
CREATE (:Pin {id: $id, record: $record, field: $field, value: $value, by: $by, reason: $reason, idempotency_key: $key,
              request: $request, replaced: $replaced, at: datetime({epochMillis: $now})})
