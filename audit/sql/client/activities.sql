-- What the record says of processing for clients (GDPR 30(2)), as of then and in force in the period.
select a.client_id, a.activity_id, a.name, a.purpose, a.data_categories, a.module,
  (select list(s.name order by s.name) from core.systems as s where list_contains(a.systems, s.system_id)) as systems,
  (select list(r.name order by r.name) from core.recipients as r where list_contains(a.recipients, r.recipient_id))
    as recipients
from core.processing_activities as a
where a.client_id is not null
  and coalesce(a.valid_from <= $as_of_on, true) and coalesce(a.valid_to > $start_on, true)
order by a.client_id, a.activity_id
