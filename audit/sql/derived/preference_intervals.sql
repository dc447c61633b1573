-- The stretches in which a person refuses contact, for every channel of the contract: a row for `any` speaks about
-- each of them, so that a check needs one join. Of rows at one instant a refusal counts before a permission;
-- is_any says that a row for `any` is among the refusing ones.
-- An engine compares an event with every stretch of its key: what a key has beyond its first 500 rows lies in parts of 500.
with channels as (
    select * from (values ('email'), ('phone'), ('sms'), ('post'), ('push'), ('in_app')) as c (channel)
),
spread as (
    select subject_id, client_id, channel, preference, effective_at, false as is_any
    from core.communication_preferences
    where channel <> 'any'
    union all
    select p.subject_id, p.client_id, c.channel, p.preference, p.effective_at, true as is_any
    from core.communication_preferences as p
    cross join channels as c
    where p.channel = 'any'
),
instants as (
    select
        subject_id,
        coalesce(client_id, '') as client_key,
        channel,
        effective_at as valid_from,
        bool_or(preference = 'deny') as is_refused,
        bool_or(preference = 'deny' and is_any) as is_any
    from spread
    group by all
),
stretches as (
    select
        *,
        lead(valid_from) over (partition by subject_id, client_key, channel order by valid_from) as next_from,
        row_number() over (partition by subject_id, client_key, channel order by valid_from) as number
    from instants
)
select
    subject_id,
    client_key,
    channel,
    cast(floor((number - 1) / 500) as integer) as part,
    valid_from,
    coalesce(next_from, timestamptz '9999-12-31 00:00:00+00') as valid_to,
    is_any
from stretches
where is_refused
