-- The stretches in which one person ($1) refuses contact on a channel, as of then.
select channel, nullif(client_key, '') as client_id, valid_from, least(valid_to, $as_of) as valid_to, valid_to > $as_of as is_open
from core.preference_intervals
where subject_id = $1 and valid_from < $as_of
order by channel, client_key, valid_from
