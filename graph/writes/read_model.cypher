// The linkage model in force.
MATCH (m:LinkageModel {in_force: true})
RETURN m.body, m.records
