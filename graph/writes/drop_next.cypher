// Interactions that no longer follow each other.
// :param rows => [["crm/deals/1:created", "crm/deals/1:won", 86400]]    from, to, gap in seconds
UNWIND $rows AS row
MATCH (:Interaction {id: row[0]})-[n:NEXT]->(:Interaction {id: row[1]})
DELETE n
