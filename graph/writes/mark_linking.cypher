// What is being linked in more than one transaction, until it is done: a kill between two of them is noticed by it.
// :param of => ["customer"]    or "account", or both; null: nothing any more
MERGE (m:Meta {name: "c360"})
SET m.linking = $of
