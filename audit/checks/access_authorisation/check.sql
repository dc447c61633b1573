with grants as (
    -- what was granted later has not happened
    select actor_id, system_id, granted_from, coalesce(granted_to, timestamptz '9999-12-31 00:00:00+00') as granted_to
    from core.access_grants
    where granted_from < $as_of
),
known as (
    select distinct actor_id, system_id from grants
),
accesses as not materialized (
    select event_id, occurred_at, system_id, client_id, subject_id, operation, actor_id, source_id, source_row
    from core.processing_events
    where (actor_id is not null or operation = 'consult')
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
judged as (
    select a.*, cast(null as varchar) as reason
    from accesses as a
    semi join grants as g
        on g.actor_id = a.actor_id and g.system_id = a.system_id
       and g.granted_from <= a.occurred_at and a.occurred_at < g.granted_to
    union all
    select
        a.*,
        case
            when a.actor_id is null then 'no_actor'
            when a.system_id is null then 'no_system'
            when k.actor_id is null then 'never_granted'
            else 'not_granted_then'
        end as reason
    from accesses as a
    anti join grants as g
        on g.actor_id = a.actor_id and g.system_id = a.system_id
       and g.granted_from <= a.occurred_at and a.occurred_at < g.granted_to
    left join known as k on k.actor_id = a.actor_id and k.system_id = a.system_id
)
select
    event_id as item,
    case when reason is null then 'compliant' when reason in ('no_actor', 'no_system') then 'undetermined'
        else 'violation' end as outcome,
    reason,
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    cast(null as varchar) as purpose,
    operation as kind,
    cast(null as varchar) as detail,
    actor_id
from judged
