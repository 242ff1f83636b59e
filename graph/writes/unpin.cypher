// A pin is taken back; it stays as history. Answers the record that it hung on.
// :param id => "0197-pin"
// :param by => "ada"
// :param now => 1751328000000
MATCH (p:Pin {id: $id})
WHERE p.reverted_at IS NULL
SET p.reverted_at = datetime({epochMillis: $now}), p.reverted_by = $by
RETURN p.record
