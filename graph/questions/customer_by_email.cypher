// The customer who uses an e-mail address. Several rows mean a shared inbox: the address alone does not say who it is.
// :param email => "mara.lindqvist@nordlicht.example"   in lower case
WITH "email:" + $email AS key
MATCH (:Identifier {key: key})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
WITH DISTINCT c
RETURN c.id AS id, c.display_name AS name, c.primary_email AS email, c.lifecycle_stage AS stage, c.sources AS sources,
       c.record_count AS records, c.interaction_count AS interactions
ORDER BY id
