with timed as (
    select
        b.*,
        b.finished_at as notified_at,
        b.delay_reasons is not null as has_reasons,
        breach_due_at(b.aware_at, b.is_date) as due_at,
        case when not b.is_date then breach_due_1182_at(b.aware_at) end as due_1182_at
    from open_incidents('authority_notified', $start, $end, $as_of) as b
    where b.personal_data_breach and b.role = 'controller' and (b.risk is null or b.risk <> 'unlikely')
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
