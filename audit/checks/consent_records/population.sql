select
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    cast(null as varchar) as system_id,
    purpose,
    method as kind,
    $month as month,
    count(*) as n
from (select *, effective_at as occurred_at from core.consents)
where status = 'given' and effective_at >= $start and effective_at < $end and effective_at < $as_of
group by client_id, purpose, method, $month
