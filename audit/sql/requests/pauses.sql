-- Of the requests that were open in the period, as of then: how many were extended, with and without a reason, and for
-- how many proof of identity was asked for, and has arrived.
select coalesce(kind, '-') as kind, count(*) as requests,
  count(*) filter (extended_at < $as_of) as extended,
  count(*) filter (extended_at < $as_of and trimmed(extension_reason) is null) as without_reason,
  count(*) filter (identity_requested_at < $as_of) as identity_asked,
  count(*) filter (identity_requested_at < $as_of and coalesce(identity_confirmed_at >= $as_of, true)) as identity_awaited
from core.requests
where received_at < $as_of and received_at < $end and coalesce(answered_at >= $start, true)
  and ($client_id is null or client_id = $client_id)
  and ($role is null or $role = coalesce(role, case when client_id is null then 'controller' else 'processor' end))
group by all
order by kind
