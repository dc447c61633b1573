-- The systems in which such data was processed, and whether the policy's text names them.
select
    e.system_id, s.name, count(*) as items,
    n.system_id is not null as is_told
from core.processing_events as e
left join core.systems as s on s.system_id = e.system_id
left join house.named_systems as n on n.system_id = e.system_id
where e.client_id is null and e.system_id is not null
    and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
group by e.system_id, s.name, n.system_id
order by items desc, e.system_id
