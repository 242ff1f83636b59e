// Changed source records; what a source no longer says is gone from them (its property is null in `properties`).
// :param rows => [{key: "crm/contacts/1", properties: {source: "crm"}, pending: true, created_at: 1751328000000, updated_at: null, deleted_at: null}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.key})
SET r += row.properties, r.pending = row.pending,
    r.created_at = CASE WHEN row.created_at IS NULL THEN null ELSE datetime({epochMillis: row.created_at}) END,
    r.updated_at = CASE WHEN row.updated_at IS NULL THEN null ELSE datetime({epochMillis: row.updated_at}) END,
    r.deleted_at = CASE WHEN row.deleted_at IS NULL THEN null ELSE datetime({epochMillis: row.deleted_at}) END
