// What follows the code of the country in telephone numbers that are there already.
// :param rows => [{key: "phone:+4930123456", national: "30123456"}]
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
SET i.national = row.national
