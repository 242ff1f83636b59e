// By which version of them account records show their signs; null: not all of them do.
MATCH (m:Meta {name: "c360"})
RETURN m.account_signs
