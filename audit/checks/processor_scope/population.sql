-- Activities that events name and the record does not know are added to it, and each occurs once: an inner join on such a
-- table leaves the events' columns as they are read, where an outer one copies them.
with activities as (
    select activity_id, max(purpose) as purpose
    from (
        select activity_id, purpose from core.processing_activities
        union all
        select distinct e.activity_id, cast(null as varchar) as purpose
        from core.processing_events as e
        anti join core.processing_activities as a on a.activity_id = e.activity_id
        where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
    )
    group by activity_id
)
select
    'processor' as role,
    e.client_id,
    e.system_id,
    a.purpose,
    e.operation as kind,
    e.occurred_at
from core.processing_events as e
join activities as a on a.activity_id is not distinct from e.activity_id
where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
  and e.client_id is not null
