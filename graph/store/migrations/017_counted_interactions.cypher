// 017_counted_interactions.cypher: how many interactions a source gave stands with where its streams were read to.
MATCH (i:Interaction)
WITH i.source AS source, count(*) AS given
MATCH (c:Cursor {source: source})
WITH source, given, min(c.key) AS first
MATCH (c:Cursor {key: first})
SET c.interactions = given;
