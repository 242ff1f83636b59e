// All initiatives that were recorded, the newest first.
MATCH (i:Initiative)
WITH i ORDER BY i.recorded_at DESC, i.id
RETURN i.id, i.body, i.by
