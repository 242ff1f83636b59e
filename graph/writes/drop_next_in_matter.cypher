// Interactions that no longer follow each other in a matter.
// :param rows => [["helpdesk/t/7:created", "helpdesk/t/7:solved", "ticket:helpdesk/7"]]    from, to, matter
UNWIND $rows AS row
MATCH (:Interaction {id: row[0]})-[n:NEXT_IN_MATTER {matter: row[2]}]->(:Interaction {id: row[1]})
DELETE n
