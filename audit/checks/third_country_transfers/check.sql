with disclosures as not materialized (
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
-- A day begins at an instant, so that no event needs a local date.
inside as (
    select r.recipient_id, cast(x.valid_from as timestamptz) as from_at, cast(x.valid_to as timestamptz) as until_at
    from core.recipients as r
    join law.eea as x on x.country = r.country
),
decisions as (
    select
        country, cast(valid_from as timestamptz) as from_at, cast(valid_to as timestamptz) as until_at
    from law.adequacy
),
recipients as (
    select
        recipient_id, country,
        coalesce(safeguard, 'none') as safeguard,
        cast(coalesce(safeguard_from, date '0001-01-01') as timestamptz) as from_at,
        cast(coalesce(safeguard_to, date '9999-12-31') as timestamptz) as until_at
    from core.recipients
),
transfers as not materialized (
    select
        d.*,
        r.country,
        r.safeguard,
        case
            when r.country is null then 'country_unknown'
            when r.safeguard = 'none' then 'no_safeguard'
            when d.occurred_at < r.from_at or d.occurred_at >= r.until_at then 'safeguard_not_in_force'
        end as fault
    from disclosures as d
    join recipients as r on r.recipient_id = d.recipient_id
    anti join inside as i
        on i.recipient_id = d.recipient_id and i.from_at <= d.occurred_at and d.occurred_at < i.until_at
),
judged as (
    select * exclude (fault), fault as reason
    from transfers
    where fault is not null or safeguard <> 'adequacy'
    union all
    select t.* exclude (fault), cast(null as varchar) as reason
    from transfers as t
    semi join decisions as a on a.country = t.country and a.from_at <= t.occurred_at and t.occurred_at < a.until_at
    where t.fault is null and t.safeguard = 'adequacy'
    union all
    select t.* exclude (fault), 'no_adequacy_decision' as reason
    from transfers as t
    anti join decisions as a on a.country = t.country and a.from_at <= t.occurred_at and t.occurred_at < a.until_at
    where t.fault is null and t.safeguard = 'adequacy'
)
select
    event_id as item,
    case
        when reason is null then 'compliant'
        when reason = 'country_unknown' then 'undetermined'
        else 'violation'
    end as outcome,
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
from judged
