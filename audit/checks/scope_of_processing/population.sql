select
    'controller' as role, cast(null as varchar) as client_id, g.system_id, a.purpose, g.data_category as kind,
    g.month, g.n
from core.event_groups as g
join core.processing_activities as a on a.activity_id = g.activity_id
where g.client_id is null
