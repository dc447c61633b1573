with events as not materialized (
    select
        event_id, occurred_at, system_id, activity_id, client_id, subject_id, operation, channel, source_id, source_row
    from core.processing_events
    where occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
activities as (
    -- A day begins at an instant, so that no event needs a local date. What binds the controller's own events only is
    -- decided by the activity's client: an event of another client's fails before.
    select
        a.activity_id, a.client_id, a.purpose, a.legal_basis,
        cast(coalesce(a.valid_from, date '0001-01-01') as timestamptz) as from_at,
        cast(coalesce(a.valid_to, date '9999-12-31') as timestamptz) as until_at,
        case
            when a.legal_basis is null then 'no_legal_basis'
            when a.client_id is not null then null
            when p.purpose is null then 'unknown_purpose'
            when b.purpose is null then 'basis_not_allowed'
        end as fault
    from core.processing_activities as a
    left join house.purposes as p on p.purpose = a.purpose
    left join house.purpose_bases as b on b.purpose = a.purpose and b.legal_basis = a.legal_basis
),
sound as (
    select activity_id, client_id, from_at, until_at from activities where fault is null
),
demanding as (
    -- sound but for these channels
    select a.activity_id, a.from_at, a.until_at, c.channel
    from activities as a
    join house.purpose_consent_channels as c on c.purpose = a.purpose
    where a.fault is null and a.client_id is null and a.legal_basis <> 'consent'
),
-- The faulty are found by their keys alone, and only their other columns are read. `distinct` (a row is here once) keeps
-- the joins below from being done before they are few.
unsound as (
    select distinct e.source_id, e.source_row, e.occurred_at, e.activity_id, e.client_id
    from events as e
    anti join sound as s
        on s.activity_id = e.activity_id and s.client_id is not distinct from e.client_id
       and s.from_at <= e.occurred_at and e.occurred_at < s.until_at
),
found as materialized (
    select
        u.source_id, u.source_row,
        case
            when u.activity_id is null then 'no_activity'
            when a.activity_id is null then 'unknown_activity'
            when a.client_id is distinct from u.client_id then 'other_clients_activity'
            when u.occurred_at < a.from_at or u.occurred_at >= a.until_at then 'activity_not_in_force'
            else a.fault
        end as reason
    from unsound as u
    left join activities as a on a.activity_id = u.activity_id
    union all
    select e.source_id, e.source_row, 'consent_required' as reason
    from events as e
    semi join demanding as d
        on d.activity_id = e.activity_id and d.channel = e.channel
       and d.from_at <= e.occurred_at and e.occurred_at < d.until_at
    where e.operation = 'contact' and e.client_id is null
),
judged as (
    select e.*, 'compliant' as outcome, cast(null as varchar) as reason
    from events as e
    semi join sound as s
        on s.activity_id = e.activity_id and s.client_id is not distinct from e.client_id
       and s.from_at <= e.occurred_at and e.occurred_at < s.until_at
    anti join demanding as d
        on d.activity_id = e.activity_id and d.channel = e.channel and e.operation = 'contact'
    union all
    select e.*, case when f.reason = 'no_activity' then 'undetermined' else 'violation' end as outcome, f.reason
    from events as e
    join found as f on f.source_id = e.source_id and f.source_row = e.source_row
)
select
    j.event_id as item,
    j.outcome,
    j.reason,
    case when j.client_id is null then 'controller' else 'processor' end as role,
    j.client_id,
    j.subject_id,
    j.occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    j.source_id,
    j.source_row,
    j.system_id,
    a.purpose,
    j.operation as kind,
    'Activity ' || j.activity_id || coalesce(', basis ' || a.legal_basis, '') || '.' as detail,
    j.activity_id
from judged as j
left join core.processing_activities as a on a.activity_id = j.activity_id
