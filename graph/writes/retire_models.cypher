// Models give way to a new one; they are kept.
MATCH (m:LinkageModel {in_force: true})
SET m.in_force = false
