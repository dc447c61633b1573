with disclosures as (
    select
        case when e.client_id is null then 'controller' else 'processor' end as role,
        e.client_id,
        e.system_id,
        a.purpose,
        e.operation as kind,
        e.occurred_at,
        e.recipient_id
    from core.processing_events as e
    left join core.processing_activities as a on a.activity_id = e.activity_id
    where e.recipient_id is not null
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
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
    where "action" = 'sent' and provider is not null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
inside as (
    select r.recipient_id, cast(x.valid_from as timestamptz) as from_at, cast(x.valid_to as timestamptz) as until_at
    from core.recipients as r
    join law.eea as x on x.country = r.country
)
select d.role, d.client_id, d.system_id, d.purpose, d.kind, d.occurred_at
from disclosures as d
semi join core.recipients as r on r.recipient_id = d.recipient_id
anti join inside as i
    on i.recipient_id = d.recipient_id and i.from_at <= d.occurred_at and d.occurred_at < i.until_at
