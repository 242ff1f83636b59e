// An invitation is about to leave: whoever comes after a kill takes it for sent.
// :param id => "0f3a"
MATCH (m:Meta {name: "c360"})
SET m.inviting = $id
