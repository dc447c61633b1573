select
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    system_id,
    cast(null as varchar) as purpose,
    operation as kind,
    occurred_at
from core.processing_events
where (actor_id is not null or operation = 'consult')
  and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
