-- What one person ($1) is to the organisation or a client, as registered up to then.
select
    client_id, person_category, collaboration_category, registered_on,
    case when relationship_ended_on <= $as_of_on then relationship_ended_on end as relationship_ended_on
from core.subjects
where subject_id = $1 and coalesce(registered_on <= $as_of_on, true)
order by registered_on, client_id
