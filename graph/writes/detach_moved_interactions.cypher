// Interactions whose source now says that somebody else experienced them leave the journey they were in.
// :param ids => ["crm/deals/1:won"]
UNWIND $ids AS id
MATCH (i:Interaction {id: id})
SET i.stage = null
WITH i
MATCH (i)-[e:NEXT|NEXT_IN_MATTER|HANDOFF|ABOUT|AT|EXPERIENCED|FIRST|LAST]-()
DELETE e
