-- What was done with one person's data as of then; the program puts the person's own events for core.processing_events,
-- in order, with what each rests on. They are found by the person first, whatever their time: of a log of millions that
-- alone reads one column.
with own as materialized (
    select *
    from core.processing_events
)

select
    e.occurred_at, e.system_id, a.purpose, a.legal_basis, e.operation, e.channel, e.client_id, e.activity_id, e.event_id
from own as e
left join core.processing_activities as a on a.activity_id = e.activity_id
where e.occurred_at < $as_of
order by e.occurred_at, e.event_id
