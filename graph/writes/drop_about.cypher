// Answers that are no longer about an interaction.
// :param rows => [["surveys/a/1", "helpdesk/t/7:solved", "token"]]    answer, what it was about, method
UNWIND $rows AS row
MATCH (:Interaction {id: row[0]})-[o:ABOUT]->(:Interaction {id: row[1]})
DELETE o
