// A source's tickets, deals, orders, subscriptions and campaigns, to which nothing belongs, a batch at a time.
// :param prefix => "helpdesk/"
MATCH (n)
WHERE (n:Ticket OR n:Deal OR n:Order OR n:Subscription OR n:Campaign) AND n.id STARTS WITH $prefix
  AND NOT EXISTS { (n)<-[:PART_OF]-() }
WITH n LIMIT 2000
DETACH DELETE n
RETURN count(*)
