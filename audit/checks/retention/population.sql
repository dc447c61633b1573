-- Records by their kind; why nothing is due of those that suspects.sql passes over.
select
    case when r.client_id is null then 'controller' else 'processor' end as role,
    r.client_id,
    r.system_id,
    cast(null as varchar) as purpose,
    r.data_category as kind,
    r.month,
    case when u.anchor in ('relationship_end', 'contract_end') then 'not_due' end as reason,
    r.n
from (
    select client_id, person_category, data_category, system_id, $month as month, count(*) as n
    from (select *, collected_at as occurred_at from core.data_records)
    where collected_at < $as_of and (disposed_at is null or disposed_at >= least($start, $as_of))
    group by client_id, person_category, data_category, system_id, $month
) as r
left join core.record_rules as u
    on u.client_id is not distinct from r.client_id and u.person_category is not distinct from r.person_category
   and u.data_category = r.data_category and u.system_id = r.system_id and u.tied = 1
