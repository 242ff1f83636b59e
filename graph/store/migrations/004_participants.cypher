// 004_participants.cypher: who took part in one meeting, deal or call.
CREATE INDEX interaction_by_activity_id IF NOT EXISTS FOR (n:Interaction) ON (n.activity_id);
