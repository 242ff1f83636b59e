// Who was in a segment at the last look.
// :param segment => "VIP"
MATCH (p:SegmentPart {segment: $segment})
RETURN p.customers
