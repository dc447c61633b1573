-- One person's ($1) choices as of then, in order.
select purpose, client_id, status, effective_at, expires_at, consent_id
from core.consents
where subject_id = $1 and effective_at < $as_of
order by effective_at, consent_id
