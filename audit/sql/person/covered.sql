-- The stretches in which a consent of one person ($1) was valid, as of then.
select purpose, nullif(client_key, '') as client_id, valid_from, least(valid_to, $as_of) as valid_to, valid_to > $as_of as is_open
from core.consent_intervals
where subject_id = $1 and valid_from < $as_of
order by purpose, client_key, valid_from
