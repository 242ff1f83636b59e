// What people decided about two records and did not take back: that they are one, or that they are two.
// :param left => "crm/contacts/1"
// :param right => "helpdesk/users/2"
MATCH (d:Decision)
WHERE d.reverted_at IS NULL AND $left IN d.records AND $right IN d.records
  AND (d.kind = "merge" OR CASE WHEN d.apart IS NULL THEN d.records[0] IN [$left, $right]
                                ELSE ($left IN d.apart) <> ($right IN d.apart) END)
RETURN d.id
ORDER BY d.id
