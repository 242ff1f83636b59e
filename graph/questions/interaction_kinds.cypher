// The kinds of interactions there are, the most frequent first, with the sources that report them.
MATCH (i:Interaction)
RETURN i.kind AS kind, count(i) AS interactions, collect(DISTINCT i.source) AS sources
ORDER BY interactions DESC, kind
