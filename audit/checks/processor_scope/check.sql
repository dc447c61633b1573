with events as not materialized (
    select event_id, occurred_at, system_id, activity_id, client_id, subject_id, operation, source_id, source_row
    from core.processing_events
    where client_id is not null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
contracts as (
    -- A day begins at an instant, so that no event needs a local date. A contract that begins after the as_of date has
    -- not begun.
    select
        contract_id, client_id, contract_end, modules, disposal_period,
        cast(contract_start as timestamptz) as from_at,
        cast(coalesce(contract_end, date '9999-12-31') as timestamptz) as until_at,
        cast(coalesce(dpa_signed_on, date '9999-12-31') as timestamptz) as dpa_at
    from core.contracts
    where contract_start <= $as_of_on
),
contract_modules as (
    select distinct contract_id, module from (select contract_id, unnest(modules) as module from contracts)
),
sound as (
    -- The stretches in which a contract passes for the client's own activities, or without one. An event outside them
    -- is looked at by itself.
    select c.client_id, a.activity_id, greatest(c.from_at, c.dpa_at) as from_at, c.until_at
    from contracts as c
    join core.processing_activities as a on a.client_id = c.client_id
    left join contract_modules as m on m.contract_id = c.contract_id and m.module = a.module
    where a.module is null or m.module is not null
    union all
    select client_id, cast(null as varchar) as activity_id, greatest(from_at, dpa_at) as from_at, until_at
    from contracts
),
-- The faulty are found by their keys alone, and only their other columns are read. `distinct` (a row is here once) keeps
-- the joins below from being done before they are few.
others as (
    select distinct e.source_id, e.source_row, e.occurred_at, e.activity_id, e.client_id, e.operation
    from events as e
    anti join sound as s
        on s.client_id = e.client_id and s.activity_id is not distinct from e.activity_id
       and s.from_at <= e.occurred_at and e.occurred_at < s.until_at
),
with_module as materialized (
    select o.*, a.module
    from others as o
    left join core.processing_activities as a on a.activity_id = o.activity_id
),
in_force as (
    select
        o.source_id, o.source_row,
        bool_or(c.dpa_at <= o.occurred_at) as has_dpa,
        bool_or(c.dpa_at <= o.occurred_at and (o.module is null or m.module is not null)) as passes
    from with_module as o
    join contracts as c
        on c.client_id = o.client_id and c.from_at <= o.occurred_at and o.occurred_at < c.until_at
    left join contract_modules as m on m.contract_id = c.contract_id and m.module = o.module
    group by o.source_id, o.source_row
),
spans as (
    select client_id, min(from_at) as from_at, max(until_at) as until_at
    from contracts
    group by client_id
),
disposals as (
    -- the contract that ended last sets the time for removal; of several the shortest
    select
        c.client_id,
        min(add_on(
            c.contract_end,
            coalesce(iso_months(c.disposal_period), h.disposal_period_default_months),
            coalesce(iso_days(c.disposal_period), h.disposal_period_default_days),
            coalesce(iso_seconds(c.disposal_period), h.disposal_period_default_seconds)
        )) as last_on
    from contracts as c
    join spans as s on s.client_id = c.client_id and s.until_at = c.until_at
    cross join house.settings as h
    where c.contract_end is not null
    group by c.client_id
),
found as materialized (
    select
        o.source_id, o.source_row, o.module,
        case
            when s.client_id is null then 'unknown_client'
            when f.passes then null
            when f.has_dpa then 'module_not_contracted'
            when f.source_row is not null then 'no_dpa'
            when o.occurred_at < s.from_at then 'before_contract'
            when o.occurred_at < s.until_at then 'between_contracts'
            when o.operation in ('erase', 'anonymise', 'disclose') and o.occurred_at < day_end(d.last_on) then null
            else 'after_contract'
        end as reason
    from with_module as o
    left join spans as s on s.client_id = o.client_id
    left join disposals as d on d.client_id = o.client_id
    left join in_force as f on f.source_id = o.source_id and f.source_row = o.source_row
),
judged as (
    select e.*, 'compliant' as outcome, cast(null as varchar) as reason, cast(null as varchar) as module
    from events as e
    semi join sound as s
        on s.client_id = e.client_id and s.activity_id is not distinct from e.activity_id
       and s.from_at <= e.occurred_at and e.occurred_at < s.until_at
    union all
    select e.*, case when f.reason is null then 'compliant' else 'violation' end as outcome, f.reason, f.module
    from events as e
    join found as f on f.source_id = e.source_id and f.source_row = e.source_row
)
select
    j.event_id as item,
    j.outcome,
    j.reason,
    'processor' as role,
    j.client_id,
    j.subject_id,
    j.occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    j.source_id,
    j.source_row,
    j.system_id,
    a.purpose,
    j.operation as kind,
    case when j.reason = 'module_not_contracted' then 'Module ' || j.module || '.' end as detail,
    j.activity_id
from judged as j
left join core.processing_activities as a on a.activity_id = j.activity_id
