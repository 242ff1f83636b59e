// The golden record of customers; a property that is null is taken away.
// :param rows => [{id: "0197-id", properties: {display_name: "Ada"}, created_at: 1751328000000, updated_at: null, first_at: null, last_at: null, last_inbound_at: null, reactivated_at: null, churned_at: null}]
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
SET c += row.properties,
    c.created_at = CASE WHEN row.created_at IS NULL THEN null ELSE datetime({epochMillis: row.created_at}) END,
    c.updated_at = CASE WHEN row.updated_at IS NULL THEN null ELSE datetime({epochMillis: row.updated_at}) END,
    c.first_at = CASE WHEN row.first_at IS NULL THEN null ELSE datetime({epochMillis: row.first_at}) END,
    c.last_at = CASE WHEN row.last_at IS NULL THEN null ELSE datetime({epochMillis: row.last_at}) END,
    c.last_inbound_at = CASE WHEN row.last_inbound_at IS NULL THEN null ELSE datetime({epochMillis: row.last_inbound_at}) END,
    c.reactivated_at = CASE WHEN row.reactivated_at IS NULL THEN null ELSE datetime({epochMillis: row.reactivated_at}) END,
    c.churned_at = CASE WHEN row.churned_at IS NULL THEN null ELSE datetime({epochMillis: row.churned_at}) END
