// By which version of them all account records that wait for nothing show their signs; null: they do not.
// :param version => "5f0c1d"
MERGE (m:Meta {name: "c360"})
SET m.account_signs = $version
