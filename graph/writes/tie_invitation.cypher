// What the invitation to a survey asks about: its answer is about that, exactly.
// :param interaction => "recorded/interactions/0197"
// :param about => "support/events/7"
MATCH (i:Interaction {id: $interaction})
SET i.asked_about = $about
