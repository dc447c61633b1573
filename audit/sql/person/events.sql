-- What was done with one person's data as of then; the program puts the person's own events for core.processing_events,
-- in order, with what each rests on.
select
    e.occurred_at, e.system_id, a.purpose, a.legal_basis, e.operation, e.channel, e.client_id, e.activity_id, e.event_id
from core.processing_events as e
left join core.processing_activities as a on a.activity_id = e.activity_id
where e.occurred_at < $as_of
order by e.occurred_at, e.event_id
