-- Whether the period has any event at all: where it has none, the logs say nothing of the record.
select exists(
    select 1
    from core.processing_events
    where occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
      and ($client_id is null or client_id = $client_id)
      and ($role is null or $role = case when client_id is null then 'controller' else 'processor' end)
) as has_events
