// The interactions of records that go to another customer leave the journey they were in.
// :param records => ["crm/contacts/1"]
UNWIND $records AS record
MATCH (i:Interaction {record: record})
SET i.stage = null
WITH i
MATCH (i)-[e:NEXT|NEXT_IN_MATTER|HANDOFF|ABOUT|AT|EXPERIENCED|FIRST|LAST]-()
DELETE e
