-- Consents: given on arrival; of those there before the window half run 24 months and are renewed in time, the other
-- half have no end. A newcomer's consent ends the way the person leaves.
insert into out.consents by name
with given as (
    select
        *,
        is_steady and draw(h, 2) < 0.5 as is_renewed,
        unnest(case
            when is_steady and draw(h, 2) < 0.5
                then range(0, 1 + date_diff('month', registered_at, getvariable('until')::timestamp) // 23)
            else [0]
        end) as renewal
    from persons
    where consent_purpose is not null
),
rows_of as (
    select
        subject_id, client_id, consent_purpose as purpose,
        case when way = 'refused' then 'refused' else 'given' end as status,
        registered_at + to_months(cast(23 * renewal as int)) as effective_at,
        case
            when is_renewed then registered_at + to_months(cast(23 * renewal + 24 as int))
            when way = 'expired' then left_at
        end as expires_at,
        chosen(getvariable('methods'), h, 3) as method,
        idx, renewal as step, h
    from given
    union all
    select subject_id, client_id, consent_purpose, 'withdrawn', left_at, null, null, idx, 99, h
    from persons
    where way = 'withdrawn'
),
written_down as (
    select *, seconds_on(effective_at, 60 + 2300 * draw(h, 1)) as recorded_at
    from rows_of
    where effective_at < getvariable('until')
),
-- A renewal on which somebody relied before it would have been written down was written down at once.
relied_on as (
    select distinct w.idx, w.step
    from written_down as w
    join out.processing_events as e
        on e.subject_id = w.subject_id and e.occurred_at >= w.effective_at and e.occurred_at < w.recorded_at
    where w.status = 'given'
)
select
    numbered('CN-', w.idx, 7) || '-' || w.step as consent_id,
    subject_id, client_id, purpose, status, effective_at, expires_at,
    case when status = 'given' then getvariable('consent_notice') end as notice_version,
    method,
    case when status = 'given' then 'form/' || substr(h, 1, 10) || '/' || w.step end as evidence_ref,
    case when r.idx is null then recorded_at else effective_at end as recorded_at
from written_down as w
left join relied_on as r on r.idx = w.idx and r.step = w.step;

-- Preferences: wishes of those who stay, and refusals only of channels that no stream uses for their pool; those who
-- leave by refusing all contact.
insert into out.communication_preferences by name
with wishes as (
    select
        w, digest('preference/' || w) as h,
        days_on(
            getvariable('first')::timestamp,
            (w + draw(digest('preference/' || w), 0)) * getvariable('preference_every')
        ) as effective_at
    from (select unnest(occasions(getvariable('preference_every'))) as w) as t
)
select
    s.subject_id, s.client_id,
    case
        when draw(w.h, 2) < 0.6 then chosen(p.refusable, w.h, 3)
        else chosen(['email', 'phone', 'any'], w.h, 3)
    end as channel,
    case when draw(w.h, 2) < 0.6 then 'deny' else 'allow' end as preference,
    at_work(w.effective_at) as effective_at
from wishes as w
join persons as s on s.idx = pick(w.h, 1, (select count(*) from persons))
join pools as p on p.pool = s.pool
where at_work(w.effective_at) < getvariable('until')
union all
select subject_id, client_id, 'any', 'deny', left_at
from persons
where way = 'denied';

-- Visits to the website: a banner answered on the first page, cookies by that answer, later visits within two months.
create table visitors as
select
    v, numbered('V-', v, 7) as visitor_id, h,
    case
        when draw(h, 1) < 0.45 then ['preferences', 'statistics', 'advertising']
        when draw(h, 1) < 0.7 then ['statistics']
        else []
    end as agreed,
    seconds_on(t.day::timestamp, 3600 * (6 + 17 * (draw(h, 2) + draw(h, 3)) / 2)) as arrived_at,
    draw(digest('withdrawal/' || v), 0) < 0.05 as has_withdrawn
from (select unnest(range(getvariable('visitors'))) as v) as n
cross join lateral (select digest('visitor/' || n.v) as h) as d
join slot_days as t
    on t.rhythm = 'web' and t.slot = cast(floor((n.v + draw(d.h, 0)) * 200000 / getvariable('visitors')) as bigint);

insert into out.consents by name
with answers as (
    select v.*, unnest(['preferences', 'statistics', 'advertising']) as purpose from visitors as v
)
select
    numbered('CC-', v, 7) || '-' || purpose[1:1] as consent_id,
    visitor_id as subject_id, 'cookies:' || purpose as purpose,
    case when list_contains(agreed, purpose) then 'given' else 'refused' end as status,
    seconds_on(arrived_at, 5) as effective_at,
    case when list_contains(agreed, purpose) then seconds_on(arrived_at, 5) + interval 6 month end as expires_at,
    getvariable('cookie_notice') as notice_version, 'banner' as method, 'banner/' || substr(h, 1, 10) as evidence_ref,
    cast(null as timestamp) as recorded_at
from answers
where seconds_on(arrived_at, 5) < getvariable('until')
union all
select
    numbered('CC-', v, 7) || '-w' || purpose[1:1], visitor_id, 'cookies:' || purpose, 'withdrawn',
    arrived_at + interval 70 day, null, null, 'banner', null, null
from answers
where has_withdrawn and list_contains(agreed, purpose) and arrived_at + interval 70 day < getvariable('until');

insert into out.cookie_events by name
with seen as (
    select
        v.*, j, digest('cookie/' || v || '/' || j) as g
    from (select *, unnest(range(getvariable('cookies_each'))) as j from visitors) as v
),
happened as (
    select
        *,
        case
            when j < 4 then seconds_on(arrived_at, 10 + 40 * j + 30 * draw(g, 0))
            else seconds_on(
                date_trunc('day', arrived_at) + to_days(cast(1 + pick(g, 0, 55) as int)), 3600 * (7 + 16 * draw(g, 1))
            )
        end as occurred_at,
        pick(g, 2, (select max(upto) from cookies)) as nth
    from seen
)
select
    numbered('W-', row_number() over (order by h.occurred_at, h.v, h.j) - 1, 8) as event_id,
    h.visitor_id, h.occurred_at,
    case when allowed then c.cookie else d.cookie end as cookie,
    case when allowed then c.provider end as provider,
    case when allowed then c.purpose else d.purpose end as purpose,
    case when allowed then c.action else d.action end as action
from (
    select h.*, c.place, c.purpose = 'necessary' or list_contains(h.agreed, c.purpose) as allowed
    from happened as h
    join cookies as c on h.nth >= c.upto - c.weight and h.nth < c.upto
) as h
join cookies as c on c.place = h.place
join cookies as d on d.place = 1
where h.occurred_at < getvariable('until');
