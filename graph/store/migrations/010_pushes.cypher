// 010_pushes.cypher: what systems pushed, until it is stored as records.
CREATE CONSTRAINT push_id IF NOT EXISTS FOR (n:Push) REQUIRE n.id IS UNIQUE;
