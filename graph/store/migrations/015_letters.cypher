// 015_letters.cypher: parts of words are found by three letters that stand in them, on either store.
CREATE CONSTRAINT letters_text IF NOT EXISTS FOR (n:Letters) REQUIRE n.text IS UNIQUE;
DROP INDEX word_by_part IF EXISTS;
