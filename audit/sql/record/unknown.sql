-- Events of the period that name no activity, or one that the record does not have: what is missing in it altogether.
select
    e.activity_id,
    e.system_id,
    count(*) as n
from core.processing_events as e
where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
  and ($client_id is null or e.client_id = $client_id)
  and ($role is null or $role = case when e.client_id is null then 'controller' else 'processor' end)
  and (e.activity_id is null
       or e.activity_id not in (select a.activity_id from core.processing_activities as a))
group by e.activity_id, e.system_id
order by e.activity_id nulls first, e.system_id nulls first
