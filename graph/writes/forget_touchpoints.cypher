// Touchpoints where nothing happens any more.
MATCH (t:Touchpoint)
WHERE NOT EXISTS { (t)<-[:AT]-() }
DELETE t
