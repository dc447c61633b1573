with breaches as (
    select *, finished_at as notified_at
    from open_incidents('controller_notified', $start, $end, $as_of)
    where personal_data_breach and role = 'processor'
),
clients as (
    -- a contract that begins after the as_of date has not begun
    select distinct client_id from core.contracts where contract_start <= $as_of_on
),
notices as (
    select
        b.incident_id,
        iso_months(c.breach_notice) as months,
        iso_days(c.breach_notice) as days,
        iso_seconds(c.breach_notice) as seconds
    from breaches as b
    join core.contracts as c
        on c.client_id = b.client_id
       and c.contract_start <= cast(b.aware_at as date)
       and (c.contract_end is null or cast(b.aware_at as date) < c.contract_end)
),
limits as (
    -- the policy's own time where no contract is in force that day, or one sets none
    select
        b.incident_id, b.aware_at, b.is_date,
        coalesce(n.months, h.breach_notice_default_months) as months,
        coalesce(n.days, h.breach_notice_default_days) as days,
        coalesce(n.seconds, h.breach_notice_default_seconds) as seconds
    from breaches as b
    semi join clients as c on c.client_id = b.client_id
    cross join house.settings as h
    left join notices as n on n.incident_id = b.incident_id
),
dues as (
    -- a day alone is known: to the end of a day
    select
        incident_id,
        min(case
            when is_date then last_of_day(add_on(aware_at, months, days, seconds))
            else add_at(aware_at, months, days, seconds)
        end) as due_at
    from limits
    group by incident_id
),
judged as (
    select
        b.*,
        case when b.aware_at < $as_of then d.due_at end as due_at,
        case
            when b.aware_at >= $as_of then null
            when d.due_at is null then 'unknown_client'
            when b.notified_at > d.due_at then 'late'
            when b.notified_at is not null then null
            when $as_of > d.due_at and (not b.is_date or $as_of_on > cast(d.due_at as date)) then 'overdue'
        end as reason
    from breaches as b
    left join dues as d on d.incident_id = b.incident_id
)
select
    incident_id as item,
    case
        when reason = 'unknown_client' then 'undetermined'
        when reason is not null then 'violation'
        when notified_at is not null and aware_at < $as_of then 'compliant'
        else 'pending'
    end as outcome,
    reason,
    'processor' as role,
    client_id,
    cast(null as varchar) as subject_id,
    detected_at as occurred_at,
    due_at,
    case when reason in ('late', 'overdue') then
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
        when reason in ('late', 'overdue') and is_date
            then 'Only the day of awareness is known: the time ran to the end of a day.'
    end as detail
from judged
