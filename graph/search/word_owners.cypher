// word_owners.cypher: how many customers and accounts have each of these words.
// :param words => ['lovelace']   words as they are kept
// :param addressed => true       whether those count who have a word in an e-mail address alone
UNWIND $words AS word
MATCH (w:Word {text: word})
RETURN collect([
  w.text, COUNT { (w)<-[:NAMED_BY]-() } + CASE WHEN $addressed THEN COUNT { (w)<-[:ADDRESSED_BY]-() } ELSE 0 END
])
