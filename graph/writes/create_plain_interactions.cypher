// New interactions of which no end and no moment of observation is told: nearly all. What is null costs its look-up.
// :param rows => [{id: "crm/deals/1:won", properties: {kind: "deal.won"}, at: 1751328000000}]
UNWIND $rows AS row
CREATE (i:Interaction {id: row.id, at: datetime({epochMillis: row.at})})
SET i += row.properties
