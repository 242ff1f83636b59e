// 005_search.cypher: words that customers and accounts are found by; endings of telephone numbers.
CREATE CONSTRAINT word_text IF NOT EXISTS FOR (n:Word) REQUIRE n.text IS UNIQUE;
CREATE INDEX word_by_folded IF NOT EXISTS FOR (n:Word) ON (n.folded);
CREATE INDEX word_by_head IF NOT EXISTS FOR (n:Word) ON (n.head);
CREATE INDEX word_by_middle IF NOT EXISTS FOR (n:Word) ON (n.middle);
CREATE INDEX word_by_tail IF NOT EXISTS FOR (n:Word) ON (n.tail);
CREATE INDEX word_by_loose IF NOT EXISTS FOR (n:Word) ON (n.loose);
CREATE TEXT INDEX word_by_part IF NOT EXISTS FOR (n:Word) ON (n.folded);
CREATE INDEX identifier_by_backwards IF NOT EXISTS FOR (n:Identifier) ON (n.backwards);
MATCH (i:Identifier {kind: "phone"}) WHERE i.backwards IS NULL SET i.backwards = reverse(i.value);
DROP INDEX customer_by_search IF EXISTS;
DROP INDEX account_by_search IF EXISTS;
