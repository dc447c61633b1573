-- The persons of records who are not in the register of persons.
select distinct r.subject_id, r.client_id
from core.data_records as r
anti join core.subjects as s on s.subject_id = r.subject_id and s.client_id is not distinct from r.client_id
where r.subject_id is not null
