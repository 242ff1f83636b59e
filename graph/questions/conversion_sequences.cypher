// The touches before a customer's first conversion of the period, within the look-back, and those of customers who did not
// convert, within the look-back before the period's end: the input of attribution. One row a sequence and currency;
// `amount` is what the conversions were worth. Automated steps and the goal itself are no touches. What attribution makes of it is credit, not effect.
// :param goal => ["order.placed", "deal.won", "subscription.started"]   the kinds that are a conversion (default)
// :param dimension => "channel"   what a touch is called by: channel, kind, function or campaign (default)
// :param lookback_days => 90   how long before a conversion a touch may lie (default)
// :param since => datetime("2000-01-01T00:00:00Z")   conversions from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   conversions before then (default)
// :param now => datetime()   the end of a period that is not over (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at < $until AND i.at <= $now AND NOT coalesce(i.automated, false)
  WITH i, CASE $dimension WHEN "channel" THEN i.channel WHEN "kind" THEN i.kind WHEN "function" THEN i.function ELSE i.campaign END AS key
  ORDER BY i.at, i.sequence, i.id
  RETURN collect([i.at.epochMillis, i.kind IN $goal, i.at >= $since, key, i.amount, i.currency]) AS events
}
WITH events, [k IN range(0, size(events) - 1) WHERE events[k][1] AND events[k][2]][0] AS at, $until AS until, $now AS now
WITH events[0..coalesce(at, size(events))] AS before, events[at] AS conversion,
     CASE WHEN until.epochMillis < now.epochMillis THEN until.epochMillis ELSE now.epochMillis END AS period_end
WITH [e IN before WHERE NOT e[1] AND e[3] IS NOT NULL AND e[0] >= coalesce(conversion[0], period_end) - $lookback_days * 86400000 | e[3]] AS path,
     conversion
WHERE conversion IS NOT NULL OR size(path) > 0
WITH path, CASE WHEN conversion[4] IS NULL THEN null ELSE conversion[5] END AS currency, conversion
WITH path, currency, count(conversion) AS conversions, count(*) - count(conversion) AS without, sum(conversion[4]) AS amount
RETURN path, conversions, without AS not_converted, CASE WHEN currency IS NULL THEN null ELSE amount END AS amount, currency
ORDER BY conversions DESC, not_converted DESC, reduce(text = "", key IN path | text + key + " "), currency
