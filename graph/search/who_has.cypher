// who_has.cypher: who has one of the rarest words and, for each other typed word, one that it can stand for.
// :param rarest => [[0, 'lovelace']]     words with their place: whoever has an earlier one comes first
// :param others => [['ada', ['adam']]]   of each other typed word: how one may begin, or which it may be
// :param types => ['Customer']           labels of those who are looked for
// :param ties => ['NAMED_BY']            by which relationships one may have a word
// :param most => 500                     so many are found
UNWIND $rarest AS one
WITH one[0] AS place, one[1] AS word
MATCH (:Word {text: word})<-[tie:NAMED_BY|ADDRESSED_BY]-(c)
WHERE type(tie) IN $ties AND any(label IN labels(c) WHERE label IN $types)
WITH c, min(place) AS nearest
WHERE all(other IN $others WHERE EXISTS {
  MATCH (c)-[also:NAMED_BY|ADDRESSED_BY]->(x:Word)
  WHERE type(also) IN $ties AND (x.folded STARTS WITH other[0] OR x.text IN other[1])
})
WITH c, nearest ORDER BY nearest, c.sort_name, c.id LIMIT $most
RETURN collect([
  'Account' IN labels(c), c.id, c.sort_name,
  COLLECT { MATCH (c)-[has:NAMED_BY|ADDRESSED_BY]->(x:Word) WHERE type(has) IN $ties RETURN x.text }
])
