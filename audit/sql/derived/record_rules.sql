-- The retention rules of each kind of record: of those that match it the ones that name the most of role, client, person
-- category, data category and system. `tied` is how many they are; a kind without a rule has a row without an anchor.
with matches as (
    select
        k.client_id, k.person_category, k.data_category, k.system_id,
        r.anchor, r.period,
        case when r.role is null then 0 else 1 end
            + case when r.client_id is null then 0 else 1 end
            + case when r.person_category is null then 0 else 1 end
            + case when r.data_category is null then 0 else 1 end
            + case when r.system_id is null then 0 else 1 end as selectors
    from core.record_kinds as k
    join core.retention_rules as r
        on (r.role is null or r.role = case when k.client_id is null then 'controller' else 'processor' end)
       and (r.client_id is null or r.client_id = k.client_id)
       and (r.person_category is null or r.person_category = k.person_category)
       and (r.data_category is null or r.data_category = k.data_category)
       and (r.system_id is null or r.system_id = k.system_id)
),
most_specific as (
    select client_id, person_category, data_category, system_id, max(selectors) as selectors
    from matches
    group by client_id, person_category, data_category, system_id
),
winning as (
    select distinct m.client_id, m.person_category, m.data_category, m.system_id, m.anchor, m.period
    from matches as m
    join most_specific as s
        on s.client_id is not distinct from m.client_id and s.person_category is not distinct from m.person_category
       and s.data_category = m.data_category and s.system_id = m.system_id and s.selectors = m.selectors
)
select
    k.client_id, k.person_category, k.data_category, k.system_id,
    w.anchor, w.period,
    count(w.anchor) over (partition by k.client_id, k.person_category, k.data_category, k.system_id) as tied
from core.record_kinds as k
left join winning as w
    on w.client_id is not distinct from k.client_id and w.person_category is not distinct from k.person_category
   and w.data_category = k.data_category and w.system_id = k.system_id
