// words_near.cypher: words that typed ones may be mistyped from, or a part of.
// :param heads => ['6:lo']      beginnings that one of them has, with its length
// :param middles => ['6:ve']    the same of its middle
// :param tails => ['6:ce']      the same of its ending
// :param short => ['ad']        whole words of two letters
// :param parts => [['velac', ['vel', 'ela', 'lac']]]    what one of them has behind its first letter, and its letters
// :param most => 100            so many words that contain each part, the shortest first
CALL () { UNWIND $heads AS key MATCH (w:Word {head: key}) RETURN collect(w.text) AS headed }
CALL () { UNWIND $middles AS key MATCH (w:Word {middle: key}) RETURN collect(w.text) AS within }
CALL () { UNWIND $tails AS key MATCH (w:Word {tail: key}) RETURN collect(w.text) AS tailed }
CALL () { UNWIND $short AS key MATCH (w:Word {folded: key}) RETURN collect(w.text) AS whole }
CALL () {
  UNWIND $parts AS part
  UNWIND part[1] AS letters
  MATCH (l:Letters {text: letters})
  WITH part[0] AS typed, l ORDER BY COUNT { (l)<-[:HAS_LETTERS]-() }
  WITH typed, collect(l)[0] AS rarest
  MATCH (rarest)<-[:HAS_LETTERS]-(w:Word) WHERE w.folded CONTAINS typed
  WITH typed, w ORDER BY size(w.folded), w.text
  WITH typed, collect(w.text)[0..$most] AS containing
  UNWIND containing AS text
  RETURN collect(text) AS holding
}
RETURN headed + within + tailed + whole + holding
