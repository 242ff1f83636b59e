// Who is in a segment, by parts.
// :param segment => "VIP"
// :param rows => [{id: "VIP/17", customers: ["c-42"]}]
UNWIND $rows AS row
MERGE (p:SegmentPart {id: row.id})
SET p.segment = $segment, p.customers = row.customers
