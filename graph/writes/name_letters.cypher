// Three letters in a row that stand in words.
// :param letters => ["ove"]
UNWIND $letters AS text
MERGE (:Letters {text: text})
