// Handoffs that are no longer so.
// :param rows => [["a", "b", "ticket:helpdesk/7"]]    from, to, matter
UNWIND $rows AS row
MATCH (:Interaction {id: row[0]})-[h:HANDOFF {matter: row[2]}]->(:Interaction {id: row[1]})
DELETE h
