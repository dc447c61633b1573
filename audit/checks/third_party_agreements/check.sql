with agreed as (
    select distinct recipient_id, purpose
    from (select recipient_id, unnest(purposes) as purpose from core.recipients)
    where purpose is not null
),
disclosures as not materialized (
    select
        'processing_events' as item_table,
        e.event_id, e.occurred_at, e.system_id, e.activity_id, e.client_id, e.subject_id, e.recipient_id,
        a.purpose,
        e.operation as kind,
        e.source_id, e.source_row,
        g.purpose is not null as is_agreed
    from core.processing_events as e
    left join core.processing_activities as a on a.activity_id = e.activity_id
    left join agreed as g on g.recipient_id = e.recipient_id and g.purpose = a.purpose
    where (e.recipient_id is not null or e.operation = 'disclose')
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
    union all
    select
        'cookie_events' as item_table,
        c.event_id, c.occurred_at,
        cast(null as varchar) as system_id,
        cast(null as varchar) as activity_id,
        cast(null as varchar) as client_id,
        c.visitor_id as subject_id,
        c.provider as recipient_id,
        'cookies:' || c.purpose as purpose,
        c."action" as kind,
        c.source_id, c.source_row,
        g.purpose is not null as is_agreed
    from core.cookie_events as c
    left join agreed as g on g.recipient_id = c.provider and g.purpose = c.purpose
    where c."action" = 'sent'
      and c.occurred_at >= $start and c.occurred_at < $end and c.occurred_at < $as_of
),
recipients as (
    -- what is decided before any event is seen; a day begins at an instant, so that no event needs a local date
    select
        r.recipient_id,
        coalesce(r.kind = 'authority', false) as is_authority,
        coalesce(r.agreement, 'none') as agreement,
        day_start(coalesce(r.agreement_from, date '0001-01-01')) as from_at,
        day_start(coalesce(r.agreement_to, date '9999-12-31')) as until_at,
        coalesce(r.kind = 'processor' and r.agreement = 'confidentiality', false) as lacks_dpa,
        g.recipient_id is not null as is_limited
    from core.recipients as r
    left join (select distinct recipient_id from agreed) as g on g.recipient_id = r.recipient_id
),
judged as (
    select
        d.*,
        case
            when d.recipient_id is null then 'no_recipient'
            when r.recipient_id is null then 'unknown_recipient'
            when r.is_authority then null
            when r.agreement = 'none' then 'no_agreement'
            when d.occurred_at < r.from_at or d.occurred_at >= r.until_at then 'agreement_not_in_force'
            when r.lacks_dpa then 'no_dpa'
            when r.is_limited and d.purpose is not null and not d.is_agreed then 'purpose_not_agreed'
        end as reason
    from disclosures as d
    left join recipients as r on r.recipient_id = d.recipient_id
)
select
    event_id as item,
    case when reason is null then 'compliant' when reason = 'no_recipient' then 'undetermined' else 'violation' end
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
    'Recipient ' || recipient_id || '.' as detail,
    recipient_id,
    activity_id
from judged
