// An invitation to answer a survey about an interaction: once, and before it is sent. It concerns the record through which
// the interaction was experienced.
// :param id => "0f3a"
// :param token => "kJ3…"
// :param survey => "How easy was it"
// :param metric => "ces"
// :param program => "transactional"
// :param language => "en"
// :param question => "How easy was it?"
// :param about => "support/events/7"
// :param now => 1751328000000
// :param expires => 1753920000000
MATCH (i:Interaction {id: $about})
MATCH (r:SourceRecord {key: i.record})
MERGE (v:Invitation {id: $id})
ON CREATE SET v.token = $token, v.survey = $survey, v.metric = $metric, v.program = $program, v.language = $language,
  v.question = $question, v.about = $about, v.record = r.key, v.made_at = datetime({epochMillis: $now}),
  v.expires_at = datetime({epochMillis: $expires})
MERGE (v)-[:INVITES]->(r)
