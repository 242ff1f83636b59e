// 011_deliveries.cypher: what other systems are to be told, and who was in which segment when they were told last.
CREATE CONSTRAINT delivery_id IF NOT EXISTS FOR (n:Delivery) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT destination_name IF NOT EXISTS FOR (n:Destination) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT segment_note_segment IF NOT EXISTS FOR (n:SegmentNote) REQUIRE n.segment IS UNIQUE;
CREATE CONSTRAINT segment_part_id IF NOT EXISTS FOR (n:SegmentPart) REQUIRE n.id IS UNIQUE;
CREATE INDEX delivery_destination IF NOT EXISTS FOR (n:Delivery) ON (n.destination);
