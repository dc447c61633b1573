-- Groups that no single grant covers from their first event to their last.
select g.actor_id, g.system_id, g.operation, g.first_at, g.last_at
from core.event_groups as g
anti join core.access_grants as a
    on a.actor_id = g.actor_id and a.system_id = g.system_id
   and a.granted_from <= g.first_at and a.granted_from < $as_of
   and g.last_at < coalesce(a.granted_to, timestamptz '9999-12-31 00:00:00+00')
where g.actor_id is not null or g.operation = 'consult'
