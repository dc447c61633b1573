with effective as (
    select
        request_id, client_id, subject_id, kind, received_at, source_id, source_row,
        coalesce(role, case when client_id is null then 'controller' else 'processor' end) as role,
        coalesce(executed_at, answered_at) as effective_at,
        kind in ('erasure', 'anonymisation') as is_removal
    from core.requests
    where kind in ('erasure', 'anonymisation', 'objection', 'withdrawal')
      and outcome in ('fulfilled', 'partly')
      and received_at < $as_of and answered_at < $as_of and coalesce(executed_at, answered_at) < $as_of
),
requests as (
    select
        r.*,
        case when r.is_removal then
            add_on(r.effective_at, h.erasure_grace_months, h.erasure_grace_days, h.erasure_grace_seconds)
        end as limit_on
    from effective as r
    cross join house.settings as h
),
processed as (
    select r.request_id, count(*) as n
    from core.processing_events as e
    join requests as r
        on r.subject_id = e.subject_id and r.client_id is not distinct from e.client_id
       and r.effective_at < e.occurred_at
    where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
      and case
          when r.is_removal then e.operation not in ('erase', 'anonymise', 'restrict', 'rectify')
          else e.operation in ('contact', 'profile')
      end
    group by r.request_id
),
remaining as (
    select
        r.request_id, r.subject_id, r.limit_on,
        d.record_id, d.client_id, d.data_category,
        case when d.disposed_at < $as_of then cast(d.disposed_at as date) end as disposed_on
    from core.data_records as d
    join requests as r
        on r.subject_id = d.subject_id and r.client_id is not distinct from d.client_id
       and d.collected_at <= r.effective_at
    where r.is_removal
      and (d.disposed_at is null or d.disposed_at >= $as_of or d.disposed_at >= day_end(r.limit_on))
),
excused as (
    -- a hold that begins after the as_of date has not begun, and one that ends after it has not ended
    select d.request_id, d.record_id
    from remaining as d
    join core.legal_holds as h
        on (h.record_id is null or h.record_id = d.record_id)
       and (h.subject_id is null or h.subject_id = d.subject_id)
       and (h.client_id is null or h.client_id = d.client_id)
       and (h.data_category is null or h.data_category = d.data_category)
       and h.held_from <= d.limit_on and (h.held_to is null or h.held_to > d.limit_on or h.held_to > $as_of_on)
    where h.held_from <= $as_of_on
),
held as (
    select
        d.request_id,
        count(*) as n,
        max(date_diff('day', d.limit_on, coalesce(d.disposed_on, $as_of_on))) as days_over
    from remaining as d
    anti join excused as x on x.request_id = d.request_id and x.record_id = d.record_id
    group by d.request_id
),
judged as (
    select
        r.*,
        p.n as processed,
        h.n as held,
        h.days_over,
        case
            when r.subject_id is null then 'no_subject'
            when p.n is not null then 'processed_after'
            when h.n is not null and $as_of_on > r.limit_on then 'still_held'
        end as reason
    from requests as r
    left join processed as p on p.request_id = r.request_id
    left join held as h on h.request_id = r.request_id
)
select
    request_id as item,
    case
        when reason = 'no_subject' then 'undetermined'
        when reason is not null then 'violation'
        when held is not null then 'pending'
        else 'compliant'
    end as outcome,
    reason,
    role,
    client_id,
    subject_id,
    received_at as occurred_at,
    limit_on as due_at,
    cast(case when reason = 'still_held' then days_over end as double) as amount,
    source_id,
    source_row,
    kind,
    case reason
        when 'processed_after' then 'Events after it in the period: ' || cast(processed as varchar) || '.'
        when 'still_held' then 'Records held beyond ' || cast(limit_on as varchar) || ': ' || cast(held as varchar) || '.'
    end as detail,
    effective_at
from judged
