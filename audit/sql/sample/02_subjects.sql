-- Persons by pool. The first half of a pool (the steady ones) was there before the window and stays; newcomers arrive
-- evenly over it, some never agree and some leave in one of the pool's ways. Work is only done with those present.
create table pools as
with sized as (
    select
        *, row_number() over (order by pool) as pool_no,
        cast(greatest(12, share::bigint * getvariable('subjects') // sum(share::bigint) over ()) as bigint) as n
    from plan.pools
)
select
    p.* exclude (ends, refusable, share), string_split(p.ends, ';') as ends, string_split(p.refusable, ';') as refusable,
    cast(sum(p.n) over (order by p.pool_no) - p.n as bigint) as low,
    cast(p.n // 2 as bigint) as steady,
    greatest(getvariable('first'), coalesce(k.began_on, getvariable('first'))) as from_on,
    least(getvariable('until'), coalesce(k.ended_on, getvariable('until'))) as until_on
from sized as p
left join (
    select
        client_id, min(contract_start::date) as began_on, max(coalesce(contract_end::date, getvariable('until'))) as ended_on
    from plan.contracts
    group by client_id
) as k on k.client_id = p.client_id;

create table persons as
with placed as (
    select p.*, k, p.low + k as idx, digest('subject/' || (p.low + k)) as h
    from (select *, unnest(range(n)) as k from pools) as p
),
arrived as (
    select
        *,
        case
            -- a client that comes within the window brings its persons along on the first night
            when k < steady and from_on > getvariable('first') then from_on::timestamp + interval 30 minute
            else seconds_on(
                case
                    when k < steady then getvariable('first') - to_days(cast(60 + pick(h, 0, 1700) as int))
                    else from_on + to_days(
                        cast(floor(
                            (k - steady + draw(h, 0)) * greatest(1, date_diff('day', from_on, until_on)) / (n - steady)
                        ) as int)
                    )
                end::timestamp,
                28800 + draw(h, 1) * 32400
            )
        end as registered_at
    from placed
),
leaving as (
    select
        *,
        case
            when k < steady then null
            when consent_purpose is not null and draw(h, 2) < 0.06 then 'refused'
            when draw(h, 2) < 0.4 then ends[1 + cast(floor(draw(h, 2) * 10000) as bigint) % len(ends)]
        end as way,
        days_on(registered_at, 20 + floor(draw(h, 3) * 200)) as leaves_at
    from arrived
)
select
    idx, numbered('S-', idx, 7) as subject_id, pool, client_id, person_category, collaboration_category,
    consent_purpose, identities, h, k < steady as is_steady, registered_at,
    case when way = 'refused' or leaves_at < until_on then way end as way,
    case when way = 'refused' then registered_at when way is not null and leaves_at < until_on then leaves_at end as left_at
from leaving;

insert into out.subjects by name
select
    subject_id, client_id, person_category, collaboration_category, cast(registered_at as date) as registered_on,
    case when way = 'ended' then cast(left_at as date) end as relationship_ended_on
from persons;

insert into out.identities by name
select identities as system_id, substr(digest('identity/' || idx), 1, 24) as external_id, subject_id
from persons
where identities is not null;
