// The golden record of accounts; a property that is null is taken away.
// :param rows => [{id: "0197-id", properties: {name: "Acme"}, created_at: 1751328000000, updated_at: null}]
UNWIND $rows AS row
MATCH (c:Account {id: row.id})
SET c += row.properties,
    c.created_at = CASE WHEN row.created_at IS NULL THEN null ELSE datetime({epochMillis: row.created_at}) END,
    c.updated_at = CASE WHEN row.updated_at IS NULL THEN null ELSE datetime({epochMillis: row.updated_at}) END
