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
anti join core.consent_intervals as i
    on i.subject_id = e.subject_id and i.client_key = e.client_key and i.purpose = e.purpose
   and i.part = 0 and i.valid_from <= e.occurred_at and e.occurred_at < i.valid_to
