-- Requests of persons nobody else deals with, so that nothing is done with them but what the request asks for.
-- An answer takes at most 24 days, an extended one at most 67; proof of identity is asked for within the first days.
create table asked as
with occasion as (
    select r, digest('request/' || r) as h, digest('answer/' || r) as g
    from (select unnest(occasions(getvariable('request_every'))) as r) as n
),
received as (
    select
        n.*, case when draw(h, 1) < 0.3 then c.client_id end as client_id,
        at_work(days_on(
            getvariable('first')::timestamp, (r + 0.6 * draw(h, 0)) * getvariable('request_every')
        )) as received_at,
        case
            when draw(h, 2) < 0.3 then 'access'
            when draw(h, 2) < 0.5 then 'erasure'
            when draw(h, 2) < 0.65 then 'rectification'
            when draw(h, 2) < 0.75 then 'objection'
            when draw(h, 2) < 0.8 then 'withdrawal'
            when draw(h, 2) < 0.85 then 'portability'
            when draw(h, 2) < 0.9 then 'complaint'
            when draw(h, 2) < 0.95 then 'anonymisation'
            else 'restriction'
        end as kind,
        case
            when draw(h, 3) < 0.8 then 'fulfilled'
            when draw(h, 3) < 0.87 then 'partly'
            when draw(h, 3) < 0.94 then 'refused'
            else 'abandoned'
        end as outcome,
        draw(g, 0) < 0.15 as has_proof,
        draw(g, 0) > 0.94 and draw(h, 3) < 0.87 as is_extended
    from occasion as n
    left join clients_throughout as c on c.place = pick(n.g, 3, c.n)
),
planned as (
    select
        *,
        case when has_proof then at_work(days_on(received_at, 1 + pick(g, 2, 3))) end as proof_at,
        case when has_proof then at_work(days_on(received_at, 7 + pick(g, 2, 5))) end as proven_at,
        case when is_extended then at_work(days_on(received_at, 14 + pick(g, 2, 8))) end as extended_at,
        at_work(days_on(received_at, case
            when is_extended then 40 + pick(g, 1, 25)
            when has_proof then 15 + pick(g, 1, 8)
            else 1 + pick(g, 1, 21)
        end)) as answered_at,
        outcome in ('fulfilled', 'partly') and kind not in ('access', 'portability', 'complaint') as is_executed
    from received
    where received_at < getvariable('until')
)
select
    * exclude (proof_at, proven_at, extended_at, answered_at, outcome, is_executed),
    numbered('S-', (select count(*) from persons) + r, 7) as subject_id, numbered('Q-', r, 5) as request_id,
    happened(proof_at) as proof_at, happened(proven_at) as proven_at, happened(extended_at) as extended_at,
    happened(answered_at) as answered_at,
    case when answered_at < getvariable('until') then outcome end as outcome,
    case when is_executed then happened(answered_at + interval 1 hour) end as executed_at,
    case when client_id is null then getvariable('request_person') else getvariable('request_client_person') end as person
from planned;

insert into out.requests by name
select
    request_id, case when client_id is null then 'controller' else 'processor' end as role, client_id, subject_id, kind,
    received_at, proof_at as identity_requested_at, proven_at as identity_confirmed_at, extended_at,
    case when extended_at is not null then 'many requests at once' end as extension_reason, answered_at, outcome,
    case when outcome = 'refused'
        then chosen(['manifestly unfounded', 'needed for a legal claim', 'kept by a duty of law'], h, 0)
    end as refusal_reason,
    executed_at
from asked;

insert into out.subjects by name
select
    subject_id, client_id, person as person_category,
    case
        when client_id is null then getvariable('request_collaboration')
        else getvariable('request_client_collaboration')
    end as collaboration_category,
    cast(received_at as date) - 420 as registered_on
from asked;

-- Their data is removed when they asked for it, else before it has outlived its use.
insert into out.data_records by name
with kept as (
    select
        *, days_on(received_at, -60 - 340 * draw(h, 1)) as collected_at,
        days_on(received_at, -5 - 45 * draw(h, 2)) as last_activity_at,
        happened(least(
            case when kind in ('erasure', 'anonymisation') then days_on(executed_at, 1 + floor(19 * draw(g, 2))) end,
            case when client_id is null then days_on(received_at, 640 + floor(10 * draw(g, 2))) end
        )) as disposed_at
    from asked
)
select
    numbered('R-9', r, 6) as record_id, getvariable('request_register') as system_id, subject_id, client_id,
    person as person_category, getvariable('request_data') as data_category, collected_at, last_activity_at, disposed_at,
    case
        when disposed_at is null then null
        when kind = 'anonymisation' then 'anonymised'
        else 'erased'
    end as disposal
from kept;

-- Their trace in the mailbox and in the register.
insert into out.processing_events by name
with mine as (
    select q.*, a.actor_id
    from asked as q
    join actors as a on a.system_id = getvariable('request_mailbox') and a.place = 0
    where q.client_id is null
)
select
    'EQ-' || request_id || '-1' as event_id, received_at as occurred_at, getvariable('request_mailbox') as system_id,
    getvariable('answered_under') as activity_id, subject_id, 'collect' as operation, null as actor_id, 'email' as channel
from mine
union all
select
    'EQ-' || request_id || '-2', answered_at, getvariable('request_mailbox'), getvariable('answered_under'), subject_id,
    'contact', actor_id, 'email'
from mine
where answered_at is not null
union all
select
    'EQ-' || request_id || '-3', executed_at, getvariable('request_register'), getvariable('executed_under'), subject_id,
    case kind
        when 'erasure' then 'erase'
        when 'anonymisation' then 'anonymise'
        when 'rectification' then 'rectify'
        when 'restriction' then 'restrict'
        else 'store'
    end,
    actor_id, null
from mine
where executed_at is not null;
