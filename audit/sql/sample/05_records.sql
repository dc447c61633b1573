-- What is held: a record for each person of a pool, or one every so many days. Each is disposed of some days before
-- its rule says, which the plan names, so that nothing is overdue on any day of the window.
create table held as
with sets as (
    select
        row_number() over (order by r.pool, r.system_id, r.data_category, r.mode) as set_no,
        r.* replace (every_days::double as every_days, back_months::int as back_months),
        u.anchor, u.months, u.days, p.client_id, p.person_category, p.low, p.steady
    from plan.records as r
    join rules as u on u.rule_id = r.rule_id
    left join pools as p on p.pool = r.pool
),
of_persons as (
    select r.* exclude (low, steady), s.idx as k, s.subject_id, s.is_steady, s.left_at, s.way,
        seconds_on(s.registered_at, 900) as collected_at, digest('record/' || r.set_no || '/' || s.idx) as h
    from sets as r
    join persons as s on s.pool = r.pool
    where r.mode = 'subject'
),
every_so_often as (
    select
        r.*, k, digest('record/' || set_no || '/' || k) as h,
        (getvariable('first') - to_months(back_months))::timestamp as since
    from (
        select *, unnest(range(cast(floor(
            date_diff('day', getvariable('first') - to_months(back_months), getvariable('until')) / every_days) as bigint))) as k
        from sets where mode = 'daily'
    ) as r
),
collected as (
    select * from of_persons
    union all by name
    select
        * exclude (low, steady, since), at_work(days_on(since, (k + draw(h, 0) * 0.9) * every_days)) as collected_at,
        case when low is not null then numbered('S-', low + pick(h, 1, steady), 7) end as subject_id,
        true as is_steady
    from every_so_often
),
active as (
    select
        *,
        case when anchor = 'last_activity' then
            case
                -- long-known persons were last heard of shortly before the window
                when mode = 'subject' and is_steady
                    then greatest(collected_at, days_on(getvariable('first')::timestamp, 10 / 24.0 - 1 - pick(h, 2, 120)))
                else greatest(collected_at, least(days_on(collected_at, 1 + floor(draw(h, 2) * 60)), left_at))
            end
        end as last_activity_at
    from collected
    where collected_at < getvariable('until')
),
due as (
    select
        a.*,
        (case anchor
            when 'collected' then cast(collected_at as date)
            when 'last_activity' then cast(last_activity_at as date)
            when 'relationship_end' then case when way = 'ended' then cast(left_at as date) end
            when 'contract_end' then k.ended_on
            when 'fiscal_year_end' then make_date(year(collected_at), 12, 31)
        end + to_months(months) + to_days(days))::date as due_on
    from active as a
    left join (
        select client_id, max(contract_end::date) as ended_on
        from plan.contracts
        group by client_id
        having count(*) = count(contract_end)
    ) as k on k.client_id = a.client_id
),
disposed as (
    select
        *,
        case when due_on < getvariable('until')
            then at_work(days_on(due_on::timestamp, 10 / 24.0 - 6 - pick(h, 3, least(24, 6 + months * 10))))
        end as disposed_at
    from due
    where due_on is null or due_on - 40 > getvariable('first') - 300
)
select
    numbered('R-', row_number() over (order by collected_at, set_no, k) - 1, 7) as record_id,
    * exclude (due_on, last_activity_at), happened(last_activity_at) as last_activity_at
from disposed
where disposed_at is null or disposed_at >= collected_at;  -- of a client that left before the window nothing is held

insert into out.data_records by name
select
    h.record_id, h.system_id, h.subject_id, h.client_id, h.person_category, h.data_category, h.collected_at,
    h.last_activity_at, h.disposed_at,
    case
        when h.disposed_at is null then null
        when u.action = 'erase' then 'erased'
        when u.action = 'anonymise' then 'anonymised'
        else 'returned'
    end as disposal
from held as h
join rules as u on u.rule_id = h.rule_id;

-- The removals leave their trace in the system they were done in.
insert into out.processing_events by name
select
    'ER-' || substr(record_id, 3) as event_id, disposed_at as occurred_at, system_id, activity_id, client_id, subject_id,
    'erase' as operation
from held
where disposed_at >= getvariable('first') and disposed_at < getvariable('until');
