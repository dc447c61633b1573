with open_requests as (
    select
        request_id, client_id, subject_id, kind, received_at, source_id, source_row,
        coalesce(role, case when client_id is null then 'controller' else 'processor' end) as role,
        case when answered_at < $as_of then cast(answered_at as date) end as answered_on,
        -- an outcome with a later answer has not happened yet
        case when answered_at is null or answered_at < $as_of then outcome end as outcome,
        refusal_reason
    from core.requests
    where received_at < $end and received_at < $as_of
      and (answered_at is null or answered_at >= least($start, $as_of))
),
timed as (
    -- a request from before the limits were law has no due date
    select r.*, coalesce(d.is_paused, false) as is_paused, d.paused_days, d.extension, d.due_on
    from open_requests as r
    left join request_dues($as_of) as d on d.request_id = r.request_id
),
judged as (
    select
        *,
        coalesce(outcome = 'abandoned', false) as is_abandoned,
        case
            when outcome = 'abandoned' or is_paused then null
            when answered_on > due_on then 'late'
            when answered_on is null and $as_of_on > due_on then 'overdue'
            when extension = 'too_late' then 'extended_too_late'
            when extension = 'without_reason' then 'extended_without_reason'
            when answered_on is not null and outcome = 'refused' and refusal_reason is null
                then 'refused_without_reason'
        end as reason
    from timed
)
select
    request_id as item,
    case
        when reason is not null then 'violation'
        when is_abandoned or answered_on is not null then 'compliant'
        else 'pending'
    end as outcome,
    reason,
    role,
    client_id,
    subject_id,
    received_at as occurred_at,
    due_on as due_at,
    cast(case
        when reason in ('late', 'overdue') then date_diff('day', due_on, coalesce(answered_on, $as_of_on))
    end as double) as amount,
    source_id,
    source_row,
    kind,
    case
        when is_paused then 'The clock is stopped until the proof of identity arrives.'
        when extension = 'valid' and paused_days > 0
            then 'Extended in time; stopped for ' || cast(paused_days as varchar) || ' days to verify identity.'
        when extension = 'valid' then 'Extended in time.'
        when paused_days > 0 then 'Stopped for ' || cast(paused_days as varchar) || ' days to verify identity.'
    end as detail
from judged
