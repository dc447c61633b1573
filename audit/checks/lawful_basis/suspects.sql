-- Groups that no sound activity covers from their first event to their last, and those in a channel that may demand
-- consent.
with sound as (
    select
        a.activity_id, a.client_id,
        day_start(coalesce(a.valid_from, date '0001-01-01')) as from_at,
        day_start(coalesce(a.valid_to, date '9999-12-31')) as until_at
    from core.processing_activities as a
    left join house.purpose_bases as b on b.purpose = a.purpose and b.legal_basis = a.legal_basis
    where a.legal_basis is not null and (a.client_id is not null or b.purpose is not null)
),
demanding as (
    select a.activity_id, c.channel
    from core.processing_activities as a
    join house.purpose_consent_channels as c on c.purpose = a.purpose
    where a.client_id is null and a.legal_basis <> 'consent'
)
select g.activity_id, g.client_id, g.channel, g.operation, g.first_at, g.last_at
from core.event_groups as g
anti join sound as s
    on s.activity_id = g.activity_id and s.client_id is not distinct from g.client_id
   and s.from_at <= g.first_at and g.last_at < s.until_at
union all
select g.activity_id, g.client_id, g.channel, g.operation, g.first_at, g.last_at
from core.event_groups as g
semi join demanding as d on d.activity_id = g.activity_id and d.channel = g.channel
where g.operation = 'contact' and g.client_id is null
