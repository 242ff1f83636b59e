// Touchpoints by key; their names follow the rules.
// :param rows => [{key: "email.opened:email:marketing", name: "email opened by email", function: "marketing", channel: "email", moment_of_truth: false}]
UNWIND $rows AS row
MERGE (t:Touchpoint {key: row.key})
SET t.name = row.name, t.function = row.function, t.channel = row.channel, t.moment_of_truth = row.moment_of_truth
