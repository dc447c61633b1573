-- One person's ($1) preferences as of then, in order.
select channel, preference, client_id, effective_at
from core.communication_preferences
where subject_id = $1 and effective_at < $as_of
order by effective_at, channel
