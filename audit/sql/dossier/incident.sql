-- One incident as the register has it, its role decided; $1 is its id. What is dated at or after $as_of has not happened.
with clients as (
    -- a contract that begins after the as_of date has not begun
    select client_id, max_by(client_name, (contract_start, contract_id)) as client_name
    from core.contracts
    where contract_start <= $as_of_on
    group by client_id
)
select
    i.* exclude (role, aware_at, aware_at_is_date, occurred_at, source_id, source_row),
    coalesce(i.role, case when i.client_id is null then 'controller' else 'processor' end) as role,
    case when i.occurred_at < $as_of then i.occurred_at end as occurred_at,
    case when coalesce(i.aware_at, i.detected_at) < $as_of then coalesce(i.aware_at, i.detected_at) end as aware_at,
    i.aware_at is not null as has_aware_at,
    coalesce(case when i.aware_at is null then i.detected_at_is_date else i.aware_at_is_date end, false)
        as aware_at_is_date,
    c.client_name
from core.incidents as i
left join clients as c on c.client_id = i.client_id
where i.incident_id = $1
  and i.detected_at < $as_of
  and ($client_id is null or i.client_id = $client_id)
  and ($role is null
       or $role = coalesce(i.role, case when i.client_id is null then 'controller' else 'processor' end))
