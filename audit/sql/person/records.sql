-- The records about one person ($1) as of then, in order.
select *
from core.data_records
where subject_id = $1 and collected_at < $as_of
order by collected_at, record_id
