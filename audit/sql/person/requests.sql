-- One person's ($1) requests as of then, in order.
select * replace (case when answered_at is null or answered_at < $as_of then outcome end as outcome)
from core.requests
where subject_id = $1 and received_at < $as_of
order by received_at, request_id
