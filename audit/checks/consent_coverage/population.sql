select
    case when e.client_id is null then 'controller' else 'processor' end as role,
    e.client_id,
    e.system_id,
    a.purpose,
    e.operation as kind,
    e.occurred_at
from core.processing_events as e
join core.processing_activities as a on a.activity_id = e.activity_id
where a.legal_basis = 'consent'
  and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
