// What account records show, by which those that may be the same company are found.
// :param rows => [{record: "crm/companies/1", name: "GB:acme", domain: "acme.test"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
SET r.linked_name = row.name, r.linked_domain = row.domain
