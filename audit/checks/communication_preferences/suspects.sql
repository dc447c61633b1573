-- The contacts within a stretch of refusal, or without a person or a channel, by their position. Those of a key with
-- very many stretches are looked at one by one.
with contacts as not materialized (
    select occurred_at, subject_id, coalesce(client_id, '') as client_key, channel, source_id, source_row
    from core.processing_events
    where operation = 'contact'
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
)
select c.source_id, c.source_row
from contacts as c
left join core.preference_intervals as i
    on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel
   and i.part = 0 and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
where i.is_any is not null or c.subject_id is null or c.channel is null
union all
select c.source_id, c.source_row
from contacts as c
semi join core.preference_intervals as i
    on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel and i.part = 1
