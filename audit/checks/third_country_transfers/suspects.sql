-- Groups that neither the Area nor one safeguard covers from their first event to their last.
with recipients as (
    select
        recipient_id, country,
        coalesce(safeguard, 'none') as safeguard,
        day_start(coalesce(safeguard_from, date '0001-01-01')) as from_at,
        day_start(coalesce(safeguard_to, date '9999-12-31')) as until_at
    from core.recipients
),
stretches as (
    select r.recipient_id, day_start(x.valid_from) as from_at, day_start(x.valid_to) as until_at
    from recipients as r
    join law.eea as x on x.country = r.country
    union all
    select recipient_id, from_at, until_at
    from recipients
    where country is not null and safeguard not in ('none', 'adequacy')
    union all
    select
        r.recipient_id,
        greatest(r.from_at, day_start(d.valid_from)) as from_at,
        least(r.until_at, day_start(d.valid_to)) as until_at
    from recipients as r
    join law.adequacy as d on d.country = r.country
    where r.safeguard = 'adequacy'
)
select g.recipient_id, g.first_at, g.last_at
from core.event_groups as g
anti join stretches as s
    on s.recipient_id = g.recipient_id and s.from_at <= g.first_at and g.last_at < s.until_at
where g.recipient_id is not null
