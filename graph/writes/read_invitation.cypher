// An invitation by its id or its token, whom it concerns now, and whether it was sent, or its address refused it.
// :param id => null
// :param token => "kJ3…"
CALL () {
    MATCH (v:Invitation {id: $id}) RETURN v
    UNION
    MATCH (v:Invitation {token: $token}) RETURN v
}
OPTIONAL MATCH (v)-[:INVITES]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN v.id, v.token, v.survey, v.metric, v.program, v.language, v.question, v.about, v.expires_at.epochMillis, v.answered_at.epochMillis,
       c.id, v.sent_at IS NOT NULL OR coalesce(v.refused, false)
