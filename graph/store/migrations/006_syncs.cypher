// 006_syncs.cypher: the syncs and how far they are.
CREATE CONSTRAINT sync_id IF NOT EXISTS FOR (n:Sync) REQUIRE n.id IS UNIQUE;
