// Interactions that the change log has told, or need not tell: they are not fresh any more.
// :param ids => ["crm/deals/1:won"]
UNWIND $ids AS id
MATCH (i:Interaction {id: id})
SET i.fresh = null
