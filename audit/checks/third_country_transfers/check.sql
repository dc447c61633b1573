with disclosures as not materialized (
    select
        event_id, occurred_at, system_id, activity_id, client_id, subject_id, operation, recipient_id,
        source_id, source_row
    from core.processing_events
    where recipient_id is not null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
sendings as not materialized (
    select event_id, occurred_at, visitor_id, provider as recipient_id, purpose, "action", source_id, source_row
    from core.cookie_events
    where "action" = 'sent' and provider is not null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
-- What is decided before any event is seen; a day begins at an instant, so that no event needs a local date.
recipients as (
    select
        recipient_id, country,
        coalesce(safeguard, 'none') as safeguard,
        cast(coalesce(safeguard_from, date '0001-01-01') as timestamptz) as from_at,
        cast(coalesce(safeguard_to, date '9999-12-31') as timestamptz) as until_at
    from core.recipients
),
stretches as (
    -- when a recipient sits inside the Area, and when a safeguard or a decision carries what is sent to it
    select
        r.recipient_id, true as is_inside,
        cast(x.valid_from as timestamptz) as from_at,
        cast(x.valid_to as timestamptz) as until_at
    from recipients as r
    join law.eea as x on x.country = r.country
    union all
    select recipient_id, false as is_inside, from_at, until_at
    from recipients
    where country is not null and safeguard not in ('none', 'adequacy')
    union all
    select
        r.recipient_id, false as is_inside,
        greatest(r.from_at, cast(d.valid_from as timestamptz)) as from_at,
        least(r.until_at, cast(d.valid_to as timestamptz)) as until_at
    from recipients as r
    join law.adequacy as d on d.country = r.country
    where r.safeguard = 'adequacy'
),
inside as (
    select recipient_id, from_at, until_at from stretches where is_inside
),
-- The faulty are found by their keys alone, and only their other columns are read. `distinct` (a row is here once) keeps
-- the joins below from being done before they are few.
others as (
    select distinct 'processing_events' as item_table, d.source_id, d.source_row, d.occurred_at, d.recipient_id
    from disclosures as d
    anti join stretches as s
        on s.recipient_id = d.recipient_id and s.from_at <= d.occurred_at and d.occurred_at < s.until_at
    union all
    select distinct 'cookie_events' as item_table, d.source_id, d.source_row, d.occurred_at, d.recipient_id
    from sendings as d
    anti join stretches as s
        on s.recipient_id = d.recipient_id and s.from_at <= d.occurred_at and d.occurred_at < s.until_at
),
found as materialized (
    select
        o.item_table, o.source_id, o.source_row,
        case
            when r.country is null then 'country_unknown'
            when r.safeguard = 'none' then 'no_safeguard'
            when o.occurred_at < r.from_at or o.occurred_at >= r.until_at then 'safeguard_not_in_force'
            else 'no_adequacy_decision'
        end as reason
    from others as o
    join recipients as r on r.recipient_id = o.recipient_id
),
judged_disclosures as (
    select d.*, cast(null as varchar) as reason
    from disclosures as d
    semi join stretches as s
        on s.recipient_id = d.recipient_id and s.from_at <= d.occurred_at and d.occurred_at < s.until_at
    anti join inside as i
        on i.recipient_id = d.recipient_id and i.from_at <= d.occurred_at and d.occurred_at < i.until_at
    union all
    select d.*, f.reason
    from disclosures as d
    join found as f on f.source_id = d.source_id and f.source_row = d.source_row
    where f.item_table = 'processing_events'
),
judged_sendings as (
    select d.*, cast(null as varchar) as reason
    from sendings as d
    semi join stretches as s
        on s.recipient_id = d.recipient_id and s.from_at <= d.occurred_at and d.occurred_at < s.until_at
    anti join inside as i
        on i.recipient_id = d.recipient_id and i.from_at <= d.occurred_at and d.occurred_at < i.until_at
    union all
    select d.*, f.reason
    from sendings as d
    join found as f on f.source_id = d.source_id and f.source_row = d.source_row
    where f.item_table = 'cookie_events'
),
judged as (
    select
        'processing_events' as item_table, j.event_id, j.occurred_at, j.system_id, j.client_id, j.subject_id,
        j.recipient_id, a.purpose, j.operation as kind, j.source_id, j.source_row, j.reason
    from judged_disclosures as j
    left join core.processing_activities as a on a.activity_id = j.activity_id
    union all
    select
        'cookie_events' as item_table, event_id, occurred_at, cast(null as varchar) as system_id,
        cast(null as varchar) as client_id, visitor_id as subject_id,
        recipient_id, 'cookies:' || purpose as purpose, "action" as kind, source_id, source_row, reason
    from judged_sendings
)
select
    j.event_id as item,
    case
        when j.reason is null then 'compliant'
        when j.reason = 'country_unknown' then 'undetermined'
        else 'violation'
    end as outcome,
    j.reason,
    case when j.client_id is null then 'controller' else 'processor' end as role,
    j.client_id,
    j.subject_id,
    j.occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    j.source_id,
    j.source_row,
    j.item_table,
    j.system_id,
    j.purpose,
    j.kind,
    'Recipient ' || j.recipient_id || coalesce(' in ' || r.country, '') || ', safeguard ' || r.safeguard || '.' as detail,
    j.recipient_id,
    r.country
from judged as j
join recipients as r on r.recipient_id = j.recipient_id
