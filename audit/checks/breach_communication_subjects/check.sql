with timed as (
    -- a day alone is known: to the end of a day
    select
        b.*,
        b.finished_at as notified_at,
        case
            when b.is_date then
                last_of_day(add_on(b.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                                   h.subjects_told_within_seconds))
            else add_at(b.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                        h.subjects_told_within_seconds)
        end as due_at
    from open_incidents('subjects_notified', $start, $end, $as_of) as b
    cross join house.settings as h
    where b.personal_data_breach and b.role = 'controller' and b.risk = 'high' and b.no_communication_ground is null
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
