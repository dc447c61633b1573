select
    'controller' as role,
    cast(null as varchar) as client_id,
    cast(null as varchar) as system_id,
    'cookies:' || purpose as purpose,
    "action" as kind,
    $month as month,
    count(*) as n
from core.cookie_events
where purpose <> 'necessary'
  and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
group by purpose, "action", $month
