// The segments in which a customer was at the last look.
// :param part => "17"
// :param id => "c-42"
MATCH (s:SegmentNote)
MATCH (p:SegmentPart {id: s.segment + "/" + $part})
WHERE $id IN p.customers
RETURN s.segment
ORDER BY s.segment
