-- The uses and legal bases of the organisation's own activities with an event in the period, and whether the policy's text
-- gives that basis for that use. A purpose or basis that the record lacks or the policy does not know: other checks tell.
select
    p.use, a.legal_basis, count(distinct a.activity_id) as activities, count(*) as items,
    n.use is not null as is_told
from core.processing_events as e
join core.processing_activities as a on a.activity_id = e.activity_id and a.role = 'controller'
join house.purposes as p on p.purpose = a.purpose
left join house.named_grounds as n on n.use = p.use and n.legal_basis = a.legal_basis
where e.client_id is null and a.legal_basis is not null
    and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
group by p.use, a.legal_basis, n.use
order by items desc, p.use, a.legal_basis
