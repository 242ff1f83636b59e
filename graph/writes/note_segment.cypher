// Who is in a segment is noted as of this look.
// :param segment => "VIP"
// :param version => "0197-look"
MERGE (s:SegmentNote {segment: $segment})
SET s.version = $version
