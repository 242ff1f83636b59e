// All baselines of the lifecycle, the newest first.
MATCH (b:Baseline)
WITH b ORDER BY b.recorded_at DESC, b.id
RETURN b.body
