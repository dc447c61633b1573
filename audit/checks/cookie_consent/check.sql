with cookies as not materialized (
    select event_id, occurred_at, visitor_id, cookie, purpose, "action", source_id, source_row
    from core.cookie_events
    where purpose <> 'necessary'
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
-- A visitor's consents bear the purpose cookies:<purpose>. The prefix is taken off here, not put on every event.
intervals as (
    select subject_id as visitor_id, substr(purpose, 9) as purpose, valid_from, valid_to
    from core.consent_intervals
    where client_key = '' and purpose like 'cookies:%'
),
choices as (
    select subject_id as visitor_id, substr(purpose, 9) as purpose, status, effective_at, expires_at
    from core.consents
    where client_id is null and purpose like 'cookies:%'
),
uncovered as materialized (
    select c.*
    from cookies as c
    anti join intervals as i
        on i.visitor_id = c.visitor_id and i.purpose = c.purpose
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
),
decided_at as (
    select u.event_id, max(c.effective_at) as effective_at
    from uncovered as u
    join choices as c on c.visitor_id = u.visitor_id and c.purpose = u.purpose
    where c.effective_at <= u.occurred_at
    group by u.event_id
),
decisions as (
    -- of rows at one instant the more protective decides
    select
        u.event_id,
        d.effective_at,
        bool_or(c.status = 'withdrawn') as is_withdrawn,
        bool_or(c.status = 'refused') as is_refused,
        min(case when c.status = 'given' then c.expires_at end) as expires_at
    from uncovered as u
    join decided_at as d on d.event_id = u.event_id
    join choices as c
        on c.visitor_id = u.visitor_id and c.purpose = u.purpose and c.effective_at = d.effective_at
    group by u.event_id, d.effective_at
),
given_later as (
    select u.event_id
    from uncovered as u
    semi join choices as c
        on c.visitor_id = u.visitor_id and c.purpose = u.purpose
       and c.status = 'given' and c.effective_at > u.occurred_at and c.effective_at < $as_of
),
elsewhere as (
    select u.event_id
    from uncovered as u
    semi join core.consent_intervals as i
        on i.subject_id = u.visitor_id and i.client_key = '' and i.purpose <> 'cookies:' || u.purpose
       and i.valid_from <= u.occurred_at and u.occurred_at < i.valid_to
),
reasoned as (
    select
        u.*,
        case
            when d.is_withdrawn then 'withdrawn'
            when d.is_refused then 'refused'
            when d.event_id is not null then 'expired'
            when u.event_id in (select event_id from given_later) then 'given_later'
            when u.event_id in (select event_id from elsewhere) then 'other_purpose'
            else 'never_given'
        end as reason,
        case when d.is_withdrawn then d.effective_at when not d.is_refused then d.expires_at end as ended_at
    from uncovered as u
    left join decisions as d on d.event_id = u.event_id
),
judged as (
    select
        c.*, 'compliant' as outcome, cast(null as varchar) as reason, cast(null as timestamptz) as ended_at
    from cookies as c
    semi join intervals as i
        on i.visitor_id = c.visitor_id and i.purpose = c.purpose
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    union all
    select * exclude (reason, ended_at), 'violation' as outcome, reason, ended_at
    from reasoned
)
select
    event_id as item,
    outcome,
    reason,
    'controller' as role,
    cast(null as varchar) as client_id,
    visitor_id as subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    hours_between(ended_at, occurred_at) as amount,
    source_id,
    source_row,
    cast(null as varchar) as system_id,
    'cookies:' || purpose as purpose,
    "action" as kind,
    'Cookie ' || cookie || ', purpose ' || purpose || '.' as detail,
    ended_at
from judged
