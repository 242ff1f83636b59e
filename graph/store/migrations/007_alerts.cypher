// 007_alerts.cypher: alerts, what people did about them, and the order in which they wait.
CREATE CONSTRAINT alert_id IF NOT EXISTS FOR (n:Alert) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT alert_event_id IF NOT EXISTS FOR (n:AlertEvent) REQUIRE n.id IS UNIQUE;
CREATE INDEX alert_by_status IF NOT EXISTS FOR (n:Alert) ON (n.status);
CREATE INDEX alert_by_to_tell IF NOT EXISTS FOR (n:Alert) ON (n.to_tell);
CREATE INDEX alert_event_by_idempotency_key IF NOT EXISTS FOR (n:AlertEvent) ON (n.idempotency_key);
