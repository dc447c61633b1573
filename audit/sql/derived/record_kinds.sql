-- The kinds of records that occur: all that a rule or a hold for many tells them apart by.
select distinct client_id, person_category, data_category, system_id
from core.data_records
