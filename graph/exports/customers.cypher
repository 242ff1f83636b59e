// Every customer with the golden record: how many, then the rows; instants as epoch milliseconds, e-mail addresses and numbers as JSON.
MATCH (c:Customer)
RETURN count(c);
MATCH (c:Customer)
OPTIONAL MATCH (c)-[:WORKS_FOR]->(a:Account)
WITH c, min(a.id) AS account
RETURN c.id AS id, c.display_name AS display_name, c.given_name AS given_name, c.family_name AS family_name,
       c.primary_email AS primary_email, c.primary_phone AS primary_phone, c.emails AS emails, c.phones AS phones,
       c.job_title AS job_title, c.birth_date AS birth_date, c.locale AS locale, c.timezone AS timezone, c.street AS street,
       c.city AS city, c.region AS region, c.postal_code AS postal_code, c.country AS country, account AS account_id,
       c.account_name AS account_name, c.owner AS owner, c.team AS team, c.tags AS tags, c.lifecycle_stage AS lifecycle_stage,
       c.stage_said AS stage_said, c.consents AS consents, c.external_ids AS external_ids, c.sources AS sources,
       c.record_count AS record_count, c.interaction_count AS interaction_count, c.first_record AS first_record,
       c.created_at.epochMillis AS created_at, c.updated_at.epochMillis AS updated_at, c.first_at.epochMillis AS first_at,
       c.last_at.epochMillis AS last_at, c.last_inbound_at.epochMillis AS last_inbound_at,
       c.reactivated_at.epochMillis AS reactivated_at, c.churned_at.epochMillis AS churned_at
