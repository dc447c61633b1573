-- The events of the period in groups of one kind: all that tells one processing from another but who it is about and the
-- very moment. A few thousand rows stand for tens of millions: they are counted here once, and a check sees from them
-- which events need a closer look.
select
    client_id, system_id, activity_id, operation, channel, data_category, recipient_id, actor_id,
    $month as month,
    count(*) as n,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at
from core.processing_events
where occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
group by client_id, system_id, activity_id, operation, channel, data_category, recipient_id, actor_id, $month
