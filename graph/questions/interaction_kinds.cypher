// The kinds of interactions there are, the most frequent first, with the sources that report them; what a source has taken back is not counted.
MATCH (i:Interaction)
WHERE i.deleted_at IS NULL
RETURN i.kind AS kind, count(i) AS interactions, collect(DISTINCT i.source) AS sources
ORDER BY interactions DESC, kind
