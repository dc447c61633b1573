select
    case when g.client_id is null then 'controller' else 'processor' end as role,
    g.client_id, g.system_id, a.purpose, g.operation as kind, g.month, g.n
from core.event_groups as g
join core.processing_activities as a on a.activity_id = g.activity_id
where a.legal_basis = 'consent'
