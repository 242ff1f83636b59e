// 003_api_keys.cypher: keys are found by the part of them that is no secret.
CREATE CONSTRAINT api_key_id IF NOT EXISTS FOR (n:ApiKey) REQUIRE n.id IS UNIQUE;
