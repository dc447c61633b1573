-- Groups that no agreement covers from their first event to their last, and those of purposes it does not name. What
-- goes to an authority needs none.
with agreed as (
    select distinct recipient_id, purpose
    from (select recipient_id, unnest(purposes) as purpose from core.recipients)
    where purpose is not null
),
bound as (
    select
        recipient_id,
        day_start(coalesce(agreement_from, date '0001-01-01')) as from_at,
        day_start(coalesce(agreement_to, date '9999-12-31')) as until_at
    from core.recipients
    where agreement <> 'none' and not coalesce(kind = 'processor' and agreement = 'confidentiality', false)
),
disclosures as (
    select g.recipient_id, g.activity_id, g.operation, g.first_at, g.last_at, a.purpose
    from core.event_groups as g
    anti join core.recipients as r on r.recipient_id = g.recipient_id and r.kind = 'authority'
    left join core.processing_activities as a on a.activity_id = g.activity_id
    where g.recipient_id is not null or g.operation = 'disclose'
)
select d.recipient_id, d.activity_id, d.operation, d.first_at, d.last_at
from disclosures as d
anti join bound as b
    on b.recipient_id = d.recipient_id and b.from_at <= d.first_at and d.last_at < b.until_at
union all
select d.recipient_id, d.activity_id, d.operation, d.first_at, d.last_at
from disclosures as d
semi join agreed as l on l.recipient_id = d.recipient_id
anti join agreed as g on g.recipient_id = d.recipient_id and g.purpose = d.purpose
where d.purpose is not null
