// 016_answers.cypher: what a request was answered that left no other fact, under its idempotency key.
CREATE CONSTRAINT answer_id IF NOT EXISTS FOR (n:Answer) REQUIRE n.id IS UNIQUE;
