-- The trail of one incident ($1), in order; of the notifications to one receiver, which one it was.
select
    e.stage,
    e."at",
    e.actor_id,
    row_number() over (partition by e.stage order by e."at", e.source_id, e.source_row) as nth
from core.incident_events as e
where e.incident_id = $1 and e."at" < $as_of
order by e."at", e.stage, nth
