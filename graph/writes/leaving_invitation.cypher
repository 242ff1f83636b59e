// The token of the invitation that was about to leave when its sender was killed.
MATCH (m:Meta {name: "c360"})
WHERE m.inviting IS NOT NULL
MATCH (v:Invitation {id: m.inviting})
RETURN v.token
