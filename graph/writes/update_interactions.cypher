// Changed interactions; what a source no longer says is gone from them (its property is null in `properties`).
// :param rows => [{id: "crm/deals/1:won", properties: {kind: "deal.won"}, at: 1751328000000, ended_at: null, observed_at: null}]
UNWIND $rows AS row
MATCH (i:Interaction {id: row.id})
SET i += row.properties, i.deleted_at = null, i.at = datetime({epochMillis: row.at}),
    i.ended_at = CASE WHEN row.ended_at IS NULL THEN null ELSE datetime({epochMillis: row.ended_at}) END,
    i.observed_at = CASE WHEN row.observed_at IS NULL THEN null ELSE datetime({epochMillis: row.observed_at}) END
