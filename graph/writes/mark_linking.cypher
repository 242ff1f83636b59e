// What is being linked, or wiped, in more than one transaction, until it is done: a kill between two is noticed by it.
// :param of => ["customer"]    or "account", or both; "wipe" alone; null: nothing any more
MERGE (m:Meta {name: "c360"})
SET m.linking = $of
