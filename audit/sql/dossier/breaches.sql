-- The personal data breaches of a period, those included of which that is not known yet, in the scope.
select incident_id
from core.incidents
where (personal_data_breach is null or personal_data_breach)
  and detected_at >= $start and detected_at < $end and detected_at < $as_of
  and ($client_id is null or client_id = $client_id)
  and ($role is null or $role = coalesce(role, case when client_id is null then 'controller' else 'processor' end))
order by incident_id
