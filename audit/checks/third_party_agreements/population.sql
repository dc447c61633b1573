select
    case when e.client_id is null then 'controller' else 'processor' end as role,
    e.client_id,
    e.system_id,
    a.purpose,
    e.operation as kind,
    e.occurred_at
from core.processing_events as e
left join core.processing_activities as a on a.activity_id = e.activity_id
where (e.recipient_id is not null or e.operation = 'disclose')
  and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
union all
select
    'controller' as role,
    cast(null as varchar) as client_id,
    cast(null as varchar) as system_id,
    'cookies:' || purpose as purpose,
    "action" as kind,
    occurred_at
from core.cookie_events
where "action" = 'sent'
  and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
