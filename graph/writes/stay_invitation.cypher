// An invitation did not leave; `refused`: because its address takes no mails.
// :param id => "0f3a"
// :param refused => false
MATCH (m:Meta {name: "c360"})
MATCH (v:Invitation {id: $id})
SET m.inviting = null, v.refused = $refused
