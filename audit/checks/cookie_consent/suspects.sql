-- The cookies that need a consent and that no stretch of consent covers, by their position. Those of a visitor and
-- purpose with very many stretches are looked at one by one.
select c.source_id, c.source_row
from core.cookie_events as c
anti join (
    -- the prefix of a visitor's purposes is taken off here, not put on every event
    select subject_id as visitor_id, substr(purpose, 9) as purpose, valid_from, valid_to
    from core.consent_intervals
    where client_key = '' and purpose like 'cookies:%' and part = 0
      and valid_from < $end and valid_from < $as_of and valid_to > $start
) as i
    on i.visitor_id = c.visitor_id and i.purpose = c.purpose
   and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
where c.purpose <> 'necessary'
  and c.occurred_at >= $start and c.occurred_at < $end and c.occurred_at < $as_of
