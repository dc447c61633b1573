with breaches as (
    select
        incident_id, client_id, severity, detected_at, source_id, source_row,
        coalesce(aware_at, detected_at) as aware_at,
        coalesce(case when aware_at is null then detected_at_is_date else aware_at_is_date end, false) as is_date
    from core.incidents
    where personal_data_breach
      and coalesce(role, case when client_id is null then 'controller' else 'processor' end) = 'controller'
      and risk = 'high' and no_communication_ground is null
      and detected_at < $end and detected_at < $as_of
),
notifications as (
    select incident_id, min("at") as notified_at
    from core.incident_events
    where stage = 'subjects_notified' and "at" < $as_of
    group by incident_id
),
open_breaches as (
    select b.*
    from breaches as b
    anti join notifications as n on n.incident_id = b.incident_id and n.notified_at < $start
),
timed as (
    -- a day alone is known: to the end of a day
    select
        b.*,
        n.notified_at,
        case
            when b.is_date then
                last_of_day(add_on(b.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                                   h.subjects_told_within_seconds))
            else add_at(b.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                        h.subjects_told_within_seconds)
        end as due_at
    from open_breaches as b
    cross join house.settings as h
    left join notifications as n on n.incident_id = b.incident_id
),
judged as (
    select
        *,
        case
            when aware_at >= $as_of then null
            when notified_at > due_at then 'late'
            when notified_at is not null then null
            when $as_of > due_at and (not is_date or $as_of_on > cast(due_at as date)) then 'overdue'
        end as reason
    from timed
)
select
    incident_id as item,
    case
        when reason is not null then 'violation'
        when notified_at is not null and aware_at < $as_of then 'compliant'
        else 'pending'
    end as outcome,
    reason,
    'controller' as role,
    client_id,
    cast(null as varchar) as subject_id,
    detected_at as occurred_at,
    case when aware_at < $as_of then due_at end as due_at,
    case when reason is not null then
        case
            when is_date then
                date_diff('day', cast(due_at as date), coalesce(cast(notified_at as date), $as_of_on))
            else hours_between(due_at, coalesce(notified_at, $as_of))
        end
    end as amount,
    source_id,
    source_row,
    severity as kind,
    case when is_date then 'days' else 'hours' end as unit,
    case
        when reason is not null and is_date
            then 'Only the day of awareness is known: the target ran to the end of a day.'
    end as detail
from judged
