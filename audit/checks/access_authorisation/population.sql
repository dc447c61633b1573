select
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id, system_id, cast(null as varchar) as purpose, operation as kind, month, n
from core.event_groups
where actor_id is not null or operation = 'consult'
