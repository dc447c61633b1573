-- Who was sent data that the organisation is the controller of, and whether the policy's text names them.
with sent as (
    select recipient_id, occurred_at
    from core.processing_events
    where client_id is null and recipient_id is not null
    union all
    select provider as recipient_id, occurred_at
    from core.cookie_events
    where action = 'sent' and provider is not null
)
select
    s.recipient_id, r.name, r.country, r.kind, count(*) as items,
    n.recipient_id is not null as is_told
from sent as s
left join core.recipients as r on r.recipient_id = s.recipient_id
left join house.named_recipients as n on n.recipient_id = s.recipient_id
where s.occurred_at >= $start and s.occurred_at < $end and s.occurred_at < $as_of
group by s.recipient_id, r.name, r.country, r.kind, n.recipient_id
order by items desc, s.recipient_id
