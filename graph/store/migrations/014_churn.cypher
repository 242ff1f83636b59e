// 014_churn.cypher: who ended a contract is derived anew, so that it is known when they churned.
MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction {kind: 'subscription.cancelled'})
SET c.stale = true;
