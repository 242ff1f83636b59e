// Where customers and words are in the store: the element id of each.
// :param ids => ["0197-id"]
// :param words => ["lovelace"]
CALL () {
  UNWIND $ids AS id MATCH (n:Customer {id: id})
  RETURN collect([n.id, elementId(n)]) AS owners
}
CALL () {
  UNWIND $words AS word MATCH (w:Word {text: word})
  RETURN collect([w.text, elementId(w)]) AS words
}
RETURN [owners, words]
