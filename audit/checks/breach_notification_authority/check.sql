with breaches as (
    select
        incident_id, client_id, severity, risk, detected_at, source_id, source_row,
        coalesce(aware_at, detected_at) as aware_at,
        coalesce(case when aware_at is null then detected_at_is_date else aware_at_is_date end, false) as is_date,
        delay_reasons is not null as has_reasons
    from core.incidents
    where personal_data_breach
      and coalesce(role, case when client_id is null then 'controller' else 'processor' end) = 'controller'
      and (risk is null or risk <> 'unlikely')
      and detected_at < $end and detected_at < $as_of
),
notifications as (
    select incident_id, min("at") as notified_at
    from core.incident_events
    where stage = 'authority_notified' and "at" < $as_of
    group by incident_id
),
open_breaches as (
    select b.*
    from breaches as b
    anti join notifications as n on n.incident_id = b.incident_id and n.notified_at < $start
),
timed as (
    select
        b.*,
        n.notified_at,
        breach_due_at(b.aware_at, b.is_date) as due_at,
        case when not b.is_date then breach_due_1182_at(b.aware_at) end as due_1182_at
    from open_breaches as b
    left join notifications as n on n.incident_id = b.incident_id
),
judged as (
    select
        *,
        case
            when aware_at >= $as_of then null
            when risk is null and notified_at is null then 'risk_not_assessed'
            when notified_at > due_at and has_reasons then 'late_with_reasons'
            when notified_at > due_at then 'late'
            when notified_at is not null then null
            when is_date and $as_of_on > cast(due_at as date) then 'overdue'
            when not is_date and $as_of > due_at then 'overdue'
        end as reason
    from timed
)
select
    incident_id as item,
    case
        when reason = 'risk_not_assessed' then 'undetermined'
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
    case when reason in ('late_with_reasons', 'late', 'overdue') then
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
    case when reason in ('late_with_reasons', 'late', 'overdue') then
        case
            when is_date then 'Only the day of awareness is known: the limit ran to the end of a day.'
            when coalesce(notified_at, $as_of) <= due_1182_at
                then 'Within the limit if the hour of awareness is not counted (Regulation 1182/71, Article 3(1)).'
        end
    end as detail
from judged
