// What the records of customers hold, and who is named as their owner, in the order of `graph/journeys/layout.py`. A body is JSON in which only what is said stands.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})<-[:DESCRIBES]-(r:SourceRecord)
WHERE r.kind = "person" AND r.deleted_at IS NULL
RETURN collect([id, r.source, r.created_at.epochMillis,
                CASE WHEN r.body CONTAINS '"owner":"' THEN split(split(r.body, '"owner":"')[1], '"')[0] END,
                [held IN [['email', '"emails":['], ['phone', '"phones":['], ['given_name', '"given_name":"'], ['given_name', '"full_name":"'],
                          ['family_name', '"family_name":"'], ['family_name', '"full_name":"'], ['company', '"account_name":"'],
                          ['company', '"account_id":"'], ['job_title', '"job_title":"'], ['birth_date', '"birth_date":"'], ['address', '"address":{'],
                          ['street', '"street":"'], ['city', '"city":"'], ['postal_code', '"postal_code":"']]
                 WHERE r.body CONTAINS held[1] | held[0]]])
