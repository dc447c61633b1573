-- The events of activities that rest on consent which no stretch of consent covers, by their position. Those of a key
-- with very many stretches are looked at one by one.
with purposes as (
    -- a number takes a fraction of its purpose's room where millions of stretches are held in memory
    select activity_id, purpose, cast(dense_rank() over (order by purpose) as integer) as purpose_no
    from core.processing_activities
    where legal_basis = 'consent'
)
select e.source_id, e.source_row
from (
    select e.occurred_at, e.subject_id, coalesce(e.client_id, '') as client_key, a.purpose_no, e.source_id, e.source_row
    from core.processing_events as e
    join purposes as a on a.activity_id = e.activity_id
    where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
) as e
anti join (
    -- only consent to a purpose that an activity rests on can cover; cookies, say, need not be held
    select i.subject_id, i.client_key, a.purpose_no, i.valid_from, i.valid_to
    from core.consent_intervals as i
    join (select distinct purpose, purpose_no from purposes) as a on a.purpose = i.purpose
    where i.part = 0 and i.valid_from < $end and i.valid_from < $as_of and i.valid_to > $start
) as i
    on i.subject_id = e.subject_id and i.client_key = e.client_key and i.purpose_no = e.purpose_no
   and i.valid_from <= e.occurred_at and e.occurred_at < i.valid_to
