// 013_national_numbers.cypher: telephone numbers are found by their beginning without the code of their country.
CREATE INDEX identifier_by_national IF NOT EXISTS FOR (n:Identifier) ON (n.national);
