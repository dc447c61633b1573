with cookies as not materialized (
    select event_id, occurred_at, visitor_id, cookie, purpose, "action", source_id, source_row
    from core.cookie_events
    where purpose <> 'necessary'
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
-- A visitor's consents bear the purpose cookies:<purpose>. The prefix is taken off here, not put on every event.
intervals as materialized (
    select i.subject_id as visitor_id, substr(i.purpose, 9) as purpose, i.part, i.valid_from, i.valid_to
    from core.consent_intervals as i
    semi join cookies as c on c.visitor_id = i.subject_id
    where i.client_key = '' and i.purpose like 'cookies:%'
),
choices as materialized (
    select s.subject_id as visitor_id, substr(s.purpose, 9) as purpose, s.status, s.effective_at, s.expires_at
    from core.consents as s
    semi join cookies as c on c.visitor_id = s.subject_id
    where s.client_id is null and s.purpose like 'cookies:%'
),
parts as (
    select
        *,
        coalesce(lead(from_at) over (partition by visitor_id, purpose order by part),
                 timestamptz '9999-12-31 00:00:00+00') as until_at
    from (
        select visitor_id, purpose, part, min(valid_from) as from_at
        from intervals
        where part > 0
        group by visitor_id, purpose, part
    )
),
covered_in_parts as materialized (
    -- of a key with very many stretches an event is compared with those of its part; else there is nothing here to read
    select c.event_id
    from cookies as c
    join parts as p
        on p.visitor_id = c.visitor_id and p.purpose = c.purpose
       and p.from_at <= c.occurred_at and c.occurred_at < p.until_at
    semi join intervals as i
        on i.visitor_id = p.visitor_id and i.purpose = p.purpose and i.part = p.part
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
),
uncovered as materialized (
    select c.*
    from cookies as c
    anti join intervals as i
        on i.visitor_id = c.visitor_id and i.purpose = c.purpose
       and i.part = 0 and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    anti join covered_in_parts as k on k.event_id = c.event_id
),
decided_at as (
    -- the latest choice at or before each event, in one pass over both in their order
    select event_id, effective_at
    from (
        select
            event_id,
            max(effective_at) over (
                partition by visitor_id, purpose order by "at", is_event
                rows between unbounded preceding and current row
            ) as effective_at
        from (
            select
                visitor_id, purpose, effective_at as "at", 0 as is_event, effective_at,
                cast(null as varchar) as event_id
            from choices
            union all
            select
                visitor_id, purpose, occurred_at as "at", 1 as is_event,
                cast(null as timestamptz) as effective_at, event_id
            from uncovered
        )
    )
    where event_id is not null and effective_at is not null
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
    join (
        select visitor_id, purpose, max(effective_at) as given_at
        from choices
        where status = 'given' and effective_at < $as_of
        group by visitor_id, purpose
    ) as g on g.visitor_id = u.visitor_id and g.purpose = u.purpose and g.given_at > u.occurred_at
),
elsewhere as (
    select u.event_id
    from uncovered as u
    anti join decided_at as d on d.event_id = u.event_id
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
       and i.part = 0 and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    union all
    select c.*, 'compliant' as outcome, cast(null as varchar) as reason, cast(null as timestamptz) as ended_at
    from cookies as c
    semi join covered_in_parts as k on k.event_id = c.event_id
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
