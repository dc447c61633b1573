-- What is done every day. A stream is one kind of work: an activity of the record with its system, operation and pool.
-- Work for a client runs only while one of its contracts covers the module.
create table streams as
with own as (
    select
        s.* replace (a.activity_id as activity_id), cast(null as varchar) as client_id,
        getvariable('first') as from_on, getvariable('until') as until_on
    from plan.streams as s
    join plan.processing_activities as a on a.activity_id = s.activity_id
    union all
    select
        s.* replace (a.activity_id as activity_id, a.client_id as pool), a.client_id,
        greatest(getvariable('first'), k.contract_start::date),
        least(getvariable('until'), coalesce(k.contract_end::date, getvariable('until')))
    from plan.streams as s
    join plan.processing_activities as a on a.module = s.module and a.role = 'processor'
    join plan.contracts as k on k.client_id = a.client_id and list_contains(string_split(k.modules, ';'), s.module)
),
spanned as (
    select o.*, min(t.slot_from) as slot_from, max(t.slot_until) as slot_until
    from own as o
    join slots as t on t.rhythm = o.rhythm and t.day >= o.from_on and t.day < o.until_on
    group by all
),
weighed as (
    select
        *, row_number() over (order by stream, activity_id, from_on, until_on) as stream_no,
        weight::bigint * (slot_until - slot_from) as share,
        (least_a_year::bigint * date_diff('day', getvariable('first'), getvariable('until')) + 364) // 365 as at_least
    from spanned
),
counted as (
    select
        *,
        at_least + cast((getvariable('events') - sum(at_least) over ()) * share // sum(share) over () as bigint) as n_floor
    from weighed
)
select
    * exclude (n_floor, share, at_least),
    n_floor + case when stream_no = 1 then getvariable('events') - cast(sum(n_floor) over () as bigint) else 0 end as n
from counted;

create table actors as
select
    system_id, actor_id, granted_from::timestamp as granted_from, granted_to::timestamp as granted_to,
    row_number() over (partition by system_id order by granted_from::timestamp, actor_id) - 1 as place,
    count(*) over (partition by system_id) as n
from plan.access_grants;

-- A subject who is not present, an actor whose grant does not hold: one who is always there takes the place.
create table work as
with drawn as (
    select s.* exclude (n), k, digest('event/' || stream_no || '/' || k) as h, s.n
    from (select *, unnest(range(n)) as k from streams) as s
),
dated as (
    select
        d.*,
        seconds_on(
            t.day::timestamp,
            3600 * (r.from_hour::int + (r.to_hour::int - r.from_hour::int)
                * (cast('0x' || substr(h, 8, 4) as bigint) + cast('0x' || substr(h, 12, 4) as bigint)) / 131072.0)
        ) as occurred_at
    from (
        select *, slot_from + cast(floor((k + draw(h, 0)) * (slot_until - slot_from) / n) as bigint) as slot
        from drawn
    ) as d
    join plan.rhythms as r on r.rhythm = d.rhythm
    join slot_days as t on t.rhythm = d.rhythm and t.slot = d.slot
),
placed as (
    select
        d.*, p.low, p.steady,
        p.low + pick(d.h, 2, p.n) as idx,
        pick(d.h, 3, c.n) as place
    from dated as d
    join pools as p on p.pool = d.pool
    left join actors as c on d.has_actor = 'yes' and c.system_id = d.system_id and c.place = 0
)
select
    e.occurred_at, e.stream_no, e.k, e.system_id, e.activity_id, e.client_id, e.operation, e.recipient_id, e.channel,
    e.data_category,
    case
        when e.occurred_at >= s.registered_at + interval 2 hour and (s.left_at is null or e.occurred_at < s.left_at)
            then e.idx
        else e.low + pick(e.h, 2, e.steady)
    end as idx,
    case
        when e.has_actor is null then null
        when e.occurred_at >= a.granted_from and (a.granted_to is null or e.occurred_at < a.granted_to) then a.actor_id
        else b.actor_id
    end as actor_id
from placed as e
join persons as s on s.idx = e.idx
left join actors as a on a.system_id = e.system_id and a.place = e.place
left join actors as b on b.system_id = e.system_id and b.place = 0;

insert into out.processing_events by name
select
    numbered('E-', row_number() over (order by occurred_at, stream_no, k) - 1, 8) as event_id,
    occurred_at, system_id, activity_id, client_id, numbered('S-', idx, 7) as subject_id, operation, actor_id, recipient_id,
    channel, data_category
from work;
