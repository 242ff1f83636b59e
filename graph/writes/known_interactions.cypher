// The hash of each interaction that is there already.
// :param ids => ["crm/deals/1:won"]
UNWIND $ids AS id
MATCH (i:Interaction {id: id})
RETURN collect([i.id, i.hash, i.record])
