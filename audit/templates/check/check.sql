-- One row an item of the population, so that the denominator survives: also what is compliant is a row.
-- $start, $end and $as_of are instants, $start_on, $end_on and $as_of_on days. What happened at $as_of or later has not
-- happened yet. No clock, no number that law or policy fixes: those are in the schemas law and house.
with asked as (
    select *, coalesce(answered_at < $as_of, false) as is_answered
    from core.requests
    where received_at >= $start and received_at < $end and received_at < $as_of
)
select
    request_id as item,
    case
        when subject_id is not null then 'compliant'
        when is_answered then 'violation'
        else 'pending'
    end as outcome,
    case when subject_id is null and is_answered then 'answered_unnamed' end as reason,
    coalesce(role, case when client_id is null then 'controller' else 'processor' end) as role,
    client_id,
    subject_id,
    received_at as occurred_at,
    cast(null as date) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    kind,
    cast(null as varchar) as detail
from asked
