// Whether it is noted who is in a segment, and by which look.
// :param segment => "VIP"
MATCH (s:SegmentNote {segment: $segment})
RETURN s.version
