-- Requests of persons nobody else deals with, so that nothing is done with them but what the request asks for.
create table asked as
with numbered as (
    select r, digest('request/' || r) as h, digest('answer/' || r) as g
    from (select unnest(range(cast(floor(date_diff('day', getvariable('first'), getvariable('until')) / getvariable('request_every')) as bigint))) as r) as n
),
received as (
    select
        n.*, at_work(days_on(getvariable('first')::timestamp, (r + 0.6 * draw(h, 0)) * getvariable('request_every'))) as received_at,
        case when draw(h, 1) < 0.3 then c.client_id end as client_id,
        ['access', 'access', 'access', 'access', 'access', 'access', 'erasure', 'erasure', 'erasure', 'erasure', 'rectification', 'rectification',
         'rectification', 'objection', 'objection', 'withdrawal', 'portability', 'complaint', 'anonymisation', 'restriction'][1 + pick(h, 2, 20)] as kind,
        case when draw(h, 3) < 0.8 then 'fulfilled' when draw(h, 3) < 0.87 then 'partly' when draw(h, 3) < 0.94 then 'refused' else 'abandoned' end as outcome,
        draw(g, 0) < 0.15 as has_proof,
        draw(g, 0) > 0.94 and draw(h, 3) < 0.87 as is_extended
    from numbered as n
    left join clients_throughout as c on c.place = pick(n.g, 3, c.n)
),
answered as (
    select
        *,
        at_work(days_on(received_at, case when is_extended then 40 + floor(25 * draw(g, 1)) when has_proof then 15 + floor(8 * draw(g, 1)) else 1 + floor(21 * draw(g, 1)) end)) as answered_at
    from received
    where received_at < getvariable('until')
)
select
    * exclude (answered_at, outcome),
    'S-' || lpad(cast((select count(*) from persons) + r + 1 as varchar), 7, '0') as subject_id,
    'Q-' || lpad(cast(r + 1 as varchar), 5, '0') as request_id,
    case when answered_at < getvariable('until') then answered_at end as answered_at,
    case when answered_at < getvariable('until') then outcome end as outcome,
    case when outcome in ('fulfilled', 'partly') and kind not in ('access', 'portability', 'complaint') and answered_at + interval 1 hour < getvariable('until')
        then answered_at + interval 1 hour end as executed_at
from answered;

insert into out.requests by name
select
    request_id, case when client_id is null then 'controller' else 'processor' end as role, client_id, subject_id, kind, received_at,
    case when proof_at < getvariable('until') then proof_at end as identity_requested_at,
    case when proven_at < getvariable('until') then proven_at end as identity_confirmed_at,
    case when extended_at < getvariable('until') then extended_at end as extended_at,
    case when extended_at < getvariable('until') then 'many requests at once' end as extension_reason,
    answered_at, outcome,
    case when outcome = 'refused' then chosen(['manifestly unfounded', 'needed for a legal claim', 'kept by a duty of law'], h, 0) end as refusal_reason,
    executed_at
from (
    select
        *,
        case when has_proof then at_work(days_on(received_at, 1 + floor(3 * draw(g, 2)))) end as proof_at,
        case when has_proof then at_work(days_on(received_at, 7 + floor(5 * draw(g, 2)))) end as proven_at,
        case when is_extended then at_work(days_on(received_at, 14 + floor(8 * draw(g, 2)))) end as extended_at
    from asked
);

insert into out.subjects by name
select
    subject_id, client_id,
    case when client_id is null then getvariable('request_person') else getvariable('request_client_person') end as person_category,
    case when client_id is null then getvariable('request_collaboration') else getvariable('request_client_collaboration') end as collaboration_category,
    cast(received_at as date) - 420 as registered_on
from asked;

insert into out.data_records by name
with kept as (
    select
        *, seconds_on(received_at, -86400 * (60 + 340 * draw(h, 1))) as collected_at, seconds_on(received_at, -86400 * (5 + 45 * draw(h, 2))) as last_activity_at,
        case when kind in ('erasure', 'anonymisation') then days_on(executed_at, 1 + floor(19 * draw(g, 2))) end as removed_at,
        case when client_id is null then days_on(received_at, 640 + floor(10 * draw(g, 2))) end as outlived_at
    from asked
),
disposing as (
    select *, least(removed_at, outlived_at) as disposed_at from kept
)
select
    'R-9' || lpad(cast(r + 1 as varchar), 6, '0') as record_id, getvariable('request_register') as system_id, subject_id, client_id,
    case when client_id is null then getvariable('request_person') else getvariable('request_client_person') end as person_category,
    getvariable('request_data') as data_category, collected_at, last_activity_at,
    case when disposed_at < getvariable('until') then disposed_at end as disposed_at,
    case when disposed_at < getvariable('until') then case when kind = 'anonymisation' then 'anonymised' else 'erased' end end as disposal
from disposing;

-- Their trace in the mailbox and in the register.
insert into out.processing_events by name
with mine as (
    select q.*, a.actor_id from asked as q join actors as a on a.system_id = getvariable('request_mailbox') and a.place = 0
    where q.client_id is null
)
select 'EQ-' || request_id || '-1' as event_id, received_at as occurred_at, getvariable('request_mailbox') as system_id, getvariable('answered_under') as activity_id,
    subject_id, 'collect' as operation, null as actor_id, 'email' as channel
from mine
union all
select 'EQ-' || request_id || '-2', answered_at, getvariable('request_mailbox'), getvariable('answered_under'), subject_id, 'contact', actor_id, 'email'
from mine
where answered_at is not null
union all
select
    'EQ-' || request_id || '-3', executed_at, getvariable('request_register'), getvariable('executed_under'), subject_id,
    case kind when 'erasure' then 'erase' when 'anonymisation' then 'anonymise' when 'rectification' then 'rectify' when 'restriction' then 'restrict' else 'store' end,
    actor_id, null
from mine
where executed_at is not null;
