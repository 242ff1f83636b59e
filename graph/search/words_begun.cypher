// words_begun.cypher: the words that begin as a typed one does, the shortest first, and how many have each.
// :param start => 'love'       the typed word, folded
// :param addressed => true     whether those count who have a word in an e-mail address alone
// :param most => 100           so many words
MATCH (w:Word) WHERE w.folded STARTS WITH $start
WITH w ORDER BY size(w.folded), w.text LIMIT $most
RETURN collect([
  w.text, COUNT { (w)<-[:NAMED_BY]-() } + CASE WHEN $addressed THEN COUNT { (w)<-[:ADDRESSED_BY]-() } ELSE 0 END
])
