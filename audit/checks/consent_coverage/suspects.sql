-- The events of activities that rest on consent which no stretch of consent covers, by their position. Those of a key
-- with very many stretches are looked at one by one.
select e.source_id, e.source_row
from (
    select e.occurred_at, e.subject_id, coalesce(e.client_id, '') as client_key, a.purpose, e.source_id, e.source_row
    from core.processing_events as e
    join core.processing_activities as a on a.activity_id = e.activity_id
    where a.legal_basis = 'consent'
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
) as e
anti join (
    -- only consent to a purpose that an activity rests on can cover; cookies, say, need not be held in memory
    select i.subject_id, i.client_key, i.purpose, i.valid_from, i.valid_to
    from core.consent_intervals as i
    semi join (select purpose from core.processing_activities where legal_basis = 'consent') as a
        on a.purpose = i.purpose
    where i.part = 0
) as i
    on i.subject_id = e.subject_id and i.client_key = e.client_key and i.purpose = e.purpose
   and i.valid_from <= e.occurred_at and e.occurred_at < i.valid_to
