-- Nothing here depends on the moment: a group is within scope with all its events or with none.
with activity_systems as (
    select distinct activity_id, system_id
    from (select activity_id, unnest(systems) as system_id from core.processing_activities)
    where system_id is not null
),
strange as (
    -- activities of which a part is outside the policy
    select a.activity_id
    from core.processing_activities as a
    anti join house.purposes as p on p.purpose = a.purpose
    where a.purpose is not null
    union all
    select a.activity_id
    from core.processing_activities as a
    anti join house.person_categories as c on c.person_category = a.person_category
    where a.person_category is not null
    union all
    select a.activity_id
    from (select activity_id, unnest(data_categories) as data_category from core.processing_activities) as a
    anti join house.data_categories as d on d.data_category = a.data_category
    where a.data_category is not null
)
select g.activity_id, g.system_id, g.data_category, g.first_at, g.last_at
from core.event_groups as g
semi join strange as s on s.activity_id = g.activity_id
where g.client_id is null
union all
select g.activity_id, g.system_id, g.data_category, g.first_at, g.last_at
from core.event_groups as g
anti join house.data_categories as d on d.data_category = g.data_category
where g.client_id is null and g.data_category is not null
union all
select g.activity_id, g.system_id, g.data_category, g.first_at, g.last_at
from core.event_groups as g
semi join activity_systems as y on y.activity_id = g.activity_id
anti join activity_systems as z on z.activity_id = g.activity_id and z.system_id = g.system_id
where g.client_id is null and g.system_id is not null
