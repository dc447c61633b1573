select
    case when g.client_id is null then 'controller' else 'processor' end as role,
    g.client_id, g.system_id, a.purpose, g.operation as kind, g.month, g.n
from core.event_groups as g
left join core.processing_activities as a on a.activity_id = g.activity_id
where g.recipient_id is not null or g.operation = 'disclose'
union all
select
    'controller' as role,
    cast(null as varchar) as client_id,
    cast(null as varchar) as system_id,
    'cookies:' || purpose as purpose,
    "action" as kind,
    $month as month,
    count(*) as n
from core.cookie_events
where "action" = 'sent'
  and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
group by purpose, "action", $month
