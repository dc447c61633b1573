-- The countries outside the EEA, on the day, that such data was sent to, and whether the policy's text names them.
with sent as (
    select recipient_id, occurred_at
    from core.processing_events
    where client_id is null and recipient_id is not null
    union all
    select provider as recipient_id, occurred_at
    from core.cookie_events
    where action = 'sent' and provider is not null
),
placed as (
    select s.recipient_id, r.country, cast(s.occurred_at as date) as sent_on
    from sent as s
    join core.recipients as r on r.recipient_id = s.recipient_id
    where r.country is not null and s.occurred_at >= $start and s.occurred_at < $end and s.occurred_at < $as_of
)
select
    p.country, count(distinct p.recipient_id) as recipients, count(*) as items,
    n.country is not null as is_told
from placed as p
anti join law.eea as e on e.country = p.country and p.sent_on >= e.valid_from and p.sent_on < e.valid_to
left join house.named_countries as n on n.country = p.country
group by p.country, n.country
order by items desc, p.country
