select
    'controller' as role,
    cast(null as varchar) as client_id,
    e.system_id,
    a.purpose,
    e.data_category as kind,
    e.occurred_at
from core.processing_events as e
join core.processing_activities as a on a.activity_id = e.activity_id
where e.client_id is null
  and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
