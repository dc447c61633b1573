-- The stretches in which a consent was valid: from its instant to the next row of its key, cut at its expiry.
-- Of rows at one instant the more protective counts: withdrawn or refused before given, of given the first to expire.
-- An engine compares an event with every stretch of its key: what a key has beyond its first 500 rows lies in parts of 500.
with instants as (
    select
        subject_id,
        coalesce(client_id, '') as client_key,
        purpose,
        effective_at as valid_from,
        bool_and(status = 'given') as is_given,
        min(case when status = 'given' then expires_at end) as expires_at
    from core.consents
    group by all
),
stretches as (
    select
        *,
        lead(valid_from) over (partition by subject_id, client_key, purpose order by valid_from) as next_from,
        row_number() over (partition by subject_id, client_key, purpose order by valid_from) as number
    from instants
),
given as (
    select
        subject_id,
        client_key,
        purpose,
        cast(floor((number - 1) / 500) as integer) as part,
        valid_from,
        least(coalesce(next_from, timestamptz '9999-12-31 00:00:00+00'),
              coalesce(expires_at, timestamptz '9999-12-31 00:00:00+00')) as valid_to
    from stretches
    where is_given
)
select subject_id, client_key, purpose, part, valid_from, valid_to
from given
where valid_from < valid_to
