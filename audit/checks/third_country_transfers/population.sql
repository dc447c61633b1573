with inside as (
    select r.recipient_id, day_start(x.valid_from) as from_at, day_start(x.valid_to) as until_at
    from core.recipients as r
    join law.eea as x on x.country = r.country
),
groups as (
    select
        case when g.client_id is null then 'controller' else 'processor' end as role,
        g.client_id, g.system_id, a.purpose, g.operation as kind, g.month, g.n, g.recipient_id, g.first_at, g.last_at
    from core.event_groups as g
    semi join core.recipients as r on r.recipient_id = g.recipient_id
    left join core.processing_activities as a on a.activity_id = g.activity_id
),
crossing as (
    -- Whose country enters or leaves the Area while data goes there: there each event is looked at.
    select distinct g.recipient_id
    from groups as g
    join inside as i
        on i.recipient_id = g.recipient_id
       and ((g.first_at < i.from_at and i.from_at <= g.last_at) or (g.first_at < i.until_at and i.until_at <= g.last_at))
),
outside as (
    select g.role, g.client_id, g.system_id, g.purpose, g.kind, g.month, g.n
    from groups as g
    anti join crossing as c on c.recipient_id = g.recipient_id
    anti join inside as i
        on i.recipient_id = g.recipient_id and i.from_at <= g.first_at and g.last_at < i.until_at
),
single as (
    select
        case when e.client_id is null then 'controller' else 'processor' end as role,
        e.client_id, e.system_id, a.purpose, e.operation as kind, e.occurred_at, e.recipient_id
    from core.processing_events as e
    semi join crossing as c on c.recipient_id = e.recipient_id
    left join core.processing_activities as a on a.activity_id = e.activity_id
    where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
    union all
    select
        'controller' as role,
        cast(null as varchar) as client_id,
        cast(null as varchar) as system_id,
        'cookies:' || purpose as purpose,
        "action" as kind,
        occurred_at,
        provider as recipient_id
    from core.cookie_events
    where "action" = 'sent'
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
)
select role, client_id, system_id, purpose, kind, month, n
from outside
union all
select s.role, s.client_id, s.system_id, s.purpose, s.kind, $month as month, 1 as n
from single as s
semi join core.recipients as r on r.recipient_id = s.recipient_id
anti join inside as i
    on i.recipient_id = s.recipient_id and i.from_at <= s.occurred_at and s.occurred_at < i.until_at
