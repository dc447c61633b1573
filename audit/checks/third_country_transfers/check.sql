with recipients as (
    -- What is decided before any event is seen; a day begins at an instant, so that no event needs a local date.
    select
        recipient_id, country,
        coalesce(safeguard, 'none') as safeguard,
        day_start(coalesce(safeguard_from, date '0001-01-01')) as from_at,
        day_start(coalesce(safeguard_to, date '9999-12-31')) as until_at
    from core.recipients
),
inside as (
    -- when a recipient sits inside the Area
    select r.recipient_id, day_start(x.valid_from) as from_at, day_start(x.valid_to) as until_at
    from recipients as r
    join law.eea as x on x.country = r.country
),
carried as (
    -- when a safeguard or a decision carries what is sent to it
    select recipient_id, from_at, until_at
    from recipients
    where country is not null and safeguard not in ('none', 'adequacy')
    union all
    select
        r.recipient_id,
        greatest(r.from_at, day_start(d.valid_from)) as from_at,
        least(r.until_at, day_start(d.valid_to)) as until_at
    from recipients as r
    join law.adequacy as d on d.country = r.country
    where r.safeguard = 'adequacy'
),
disclosures as not materialized (
    select
        'processing_events' as item_table,
        e.event_id, e.occurred_at, e.system_id, e.client_id, e.subject_id, e.recipient_id,
        a.purpose,
        e.operation as kind,
        e.source_id, e.source_row
    from core.processing_events as e
    left join core.processing_activities as a on a.activity_id = e.activity_id
    where e.recipient_id is not null
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
    union all
    select
        'cookie_events' as item_table,
        event_id, occurred_at,
        cast(null as varchar) as system_id,
        cast(null as varchar) as client_id,
        visitor_id as subject_id,
        provider as recipient_id,
        'cookies:' || purpose as purpose,
        "action" as kind,
        source_id, source_row
    from core.cookie_events
    where "action" = 'sent' and provider is not null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
transfers as not materialized (
    select d.*
    from disclosures as d
    anti join inside as i
        on i.recipient_id = d.recipient_id and i.from_at <= d.occurred_at and d.occurred_at < i.until_at
),
judged as (
    select t.*, true as is_carried
    from transfers as t
    semi join carried as c
        on c.recipient_id = t.recipient_id and c.from_at <= t.occurred_at and t.occurred_at < c.until_at
    union all
    select t.*, false as is_carried
    from transfers as t
    anti join carried as c
        on c.recipient_id = t.recipient_id and c.from_at <= t.occurred_at and t.occurred_at < c.until_at
),
reasoned as (
    select
        j.*, r.country, r.safeguard,
        case
            when j.is_carried then null
            when r.country is null then 'country_unknown'
            when r.safeguard = 'none' then 'no_safeguard'
            when j.occurred_at < r.from_at or j.occurred_at >= r.until_at then 'safeguard_not_in_force'
            else 'no_adequacy_decision'
        end as reason
    from judged as j
    join recipients as r on r.recipient_id = j.recipient_id
)
select
    event_id as item,
    case when reason is null then 'compliant' when reason = 'country_unknown' then 'undetermined' else 'violation' end
        as outcome,
    reason,
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    item_table,
    system_id,
    purpose,
    kind,
    'Recipient ' || recipient_id || coalesce(' in ' || country, '') || ', safeguard ' || safeguard || '.' as detail,
    recipient_id,
    country
from reasoned
