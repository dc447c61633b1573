with resting as not materialized (
    -- what is judged: events of the period whose activity rests on consent
    select
        e.event_id, e.occurred_at, e.system_id, e.client_id, e.subject_id, e.operation, e.source_id, e.source_row,
        coalesce(e.client_id, '') as client_key,
        case when e.client_id is null then 'controller' else 'processor' end as role,
        a.activity_id,
        a.purpose
    from core.processing_events as e
    join core.processing_activities as a on a.activity_id = e.activity_id
    where a.legal_basis = 'consent'
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
),
intervals as materialized (
    -- of the persons judged, each stretch of consent
    select i.subject_id, i.client_key, i.purpose, i.part, i.valid_from, i.valid_to
    from core.consent_intervals as i
    semi join resting as r on r.subject_id = i.subject_id
),
parts as (
    select
        *,
        coalesce(lead(from_at) over (partition by subject_id, client_key, purpose order by part),
                 timestamptz '9999-12-31 00:00:00+00') as until_at
    from (
        select subject_id, client_key, purpose, part, min(valid_from) as from_at
        from intervals
        where part > 0
        group by subject_id, client_key, purpose, part
    )
),
covered_in_parts as materialized (
    -- of a key with very many stretches an event is compared with those of its part; else there is nothing here to read
    select r.source_id, r.source_row
    from resting as r
    join parts as p
        on p.subject_id = r.subject_id and p.client_key = r.client_key and p.purpose = r.purpose
       and p.from_at <= r.occurred_at and r.occurred_at < p.until_at
    semi join intervals as i
        on i.subject_id = p.subject_id and i.client_key = p.client_key and i.purpose = p.purpose and i.part = p.part
       and i.valid_from <= r.occurred_at and r.occurred_at < i.valid_to
),
uncovered as materialized (
    -- only what decides: the few that are found fetch the rest of their row by its position
    select r.source_id, r.source_row, r.occurred_at, r.subject_id, r.client_key, r.purpose
    from resting as r
    anti join intervals as i
        on i.subject_id = r.subject_id and i.client_key = r.client_key and i.purpose = r.purpose
       and i.part = 0 and i.valid_from <= r.occurred_at and r.occurred_at < i.valid_to
    anti join covered_in_parts as k on k.source_id = r.source_id and k.source_row = r.source_row
),
choices as materialized (
    -- what the persons found ever decided
    select subject_id, coalesce(client_id, '') as client_key, purpose, status, effective_at, expires_at
    from core.consents as c
    semi join uncovered as u on u.subject_id = c.subject_id
),
decided_at as (
    -- the latest choice at or before each event, in one pass over both in their order
    select source_id, source_row, effective_at
    from (
        select
            source_id, source_row,
            max(effective_at) over (
                partition by subject_id, client_key, purpose order by "at", is_event
                rows between unbounded preceding and current row
            ) as effective_at
        from (
            select
                subject_id, client_key, purpose, effective_at as "at", 0 as is_event, effective_at,
                cast(null as integer) as source_id, cast(null as bigint) as source_row
            from choices
            union all
            select
                subject_id, client_key, purpose, occurred_at as "at", 1 as is_event,
                cast(null as timestamptz) as effective_at, source_id, source_row
            from uncovered
        )
    )
    where source_row is not null and effective_at is not null
),
decisions as (
    -- of rows at one instant the more protective decides
    select
        u.source_id,
        u.source_row,
        d.effective_at,
        bool_or(c.status = 'withdrawn') as is_withdrawn,
        bool_or(c.status = 'refused') as is_refused,
        min(case when c.status = 'given' then c.expires_at end) as expires_at
    from uncovered as u
    join decided_at as d on d.source_id = u.source_id and d.source_row = u.source_row
    join choices as c
        on c.subject_id = u.subject_id and c.client_key = u.client_key and c.purpose = u.purpose
       and c.effective_at = d.effective_at
    group by u.source_id, u.source_row, d.effective_at
),
given_later as (
    select u.source_id, u.source_row
    from uncovered as u
    join (
        select subject_id, client_key, purpose, max(effective_at) as given_at
        from choices
        where status = 'given' and effective_at < $as_of
        group by subject_id, client_key, purpose
    ) as g
        on g.subject_id = u.subject_id and g.client_key = u.client_key and g.purpose = u.purpose
       and g.given_at > u.occurred_at
),
elsewhere as (
    select u.source_id, u.source_row
    from uncovered as u
    anti join decided_at as d on d.source_id = u.source_id and d.source_row = u.source_row
    semi join intervals as i
        on i.subject_id = u.subject_id and i.client_key = u.client_key
       and i.purpose is distinct from u.purpose
       and i.valid_from <= u.occurred_at and u.occurred_at < i.valid_to
),
reasoned as (
    select
        u.source_id,
        u.source_row,
        case
            when u.subject_id is null then 'no_subject'
            when d.is_withdrawn then 'withdrawn'
            when d.is_refused then 'refused'
            when d.source_row is not null then 'expired'
            when l.source_row is not null then 'given_later'
            when o.source_row is not null then 'other_purpose'
            else 'never_given'
        end as reason,
        case when d.is_withdrawn then d.effective_at when not d.is_refused then d.expires_at end as ended_at
    from uncovered as u
    left join decisions as d on d.source_id = u.source_id and d.source_row = u.source_row
    left join given_later as l on l.source_id = u.source_id and l.source_row = u.source_row
    left join elsewhere as o on o.source_id = u.source_id and o.source_row = u.source_row
    union all
    select source_id, source_row, cast(null as varchar) as reason, cast(null as timestamptz) as ended_at
    from covered_in_parts
)
select
    event_id as item,
    'compliant' as outcome,
    cast(null as varchar) as reason,
    role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    purpose,
    operation as kind,
    cast(null as varchar) as detail,
    activity_id,
    cast(null as timestamptz) as ended_at
from resting as r
semi join intervals as i
    on i.subject_id = r.subject_id and i.client_key = r.client_key and i.purpose = r.purpose
   and i.part = 0 and i.valid_from <= r.occurred_at and r.occurred_at < i.valid_to
union all
select
    r.event_id as item,
    case when f.reason is null then 'compliant' when f.reason = 'no_subject' then 'undetermined' else 'violation' end
        as outcome,
    f.reason,
    r.role,
    r.client_id,
    r.subject_id,
    r.occurred_at,
    cast(null as timestamptz) as due_at,
    case when r.subject_id is not null then hours_between(f.ended_at, r.occurred_at) end as amount,
    r.source_id,
    r.source_row,
    r.system_id,
    r.purpose,
    r.operation as kind,
    case when f.reason is not null
        then 'Activity ' || r.activity_id || coalesce(', purpose ' || r.purpose, ', without a purpose') || '.'
    end as detail,
    r.activity_id,
    f.ended_at
from reasoned as f
join resting as r on r.source_id = f.source_id and r.source_row = f.source_row
