// The version of the linkage model in force, and how many records it learned from.
MATCH (m:LinkageModel {in_force: true})
RETURN m.version, m.records
