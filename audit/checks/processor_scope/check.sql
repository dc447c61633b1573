with contracts as (
    -- A day begins at an instant, so that no event needs a local date. A contract that begins after the as_of date has
    -- not begun.
    select
        contract_id, client_id, contract_end, modules, disposal_period,
        day_start(contract_start) as from_at,
        day_start(coalesce(contract_end, date '9999-12-31')) as until_at,
        day_start(coalesce(dpa_signed_on, date '9999-12-31')) as dpa_at
    from core.contracts
    where contract_start <= $as_of_on
),
contract_modules as (
    select distinct contract_id, module from (select contract_id, unnest(modules) as module from contracts)
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
events as not materialized (
    select
        e.event_id, e.occurred_at, e.system_id, e.activity_id, e.client_id, e.subject_id, e.operation,
        e.source_id, e.source_row,
        a.purpose,
        a.module
    from core.processing_events as e
    left join core.processing_activities as a on a.activity_id = e.activity_id
    where e.client_id is not null
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
),
in_force as (
    select
        e.source_id, e.source_row,
        bool_or(c.dpa_at <= e.occurred_at) as has_dpa,
        bool_or(c.dpa_at <= e.occurred_at and (e.module is null or m.module is not null)) as passes
    from events as e
    join contracts as c
        on c.client_id = e.client_id and c.from_at <= e.occurred_at and e.occurred_at < c.until_at
    left join contract_modules as m on m.contract_id = c.contract_id and m.module = e.module
    group by e.source_id, e.source_row
),
judged as (
    select
        e.*,
        case
            when s.client_id is null then 'unknown_client'
            when f.passes then null
            when f.has_dpa then 'module_not_contracted'
            when f.source_row is not null then 'no_dpa'
            when e.occurred_at < s.from_at then 'before_contract'
            when e.occurred_at < s.until_at then 'between_contracts'
            when e.operation in ('erase', 'anonymise', 'disclose') and e.occurred_at < day_end(d.last_on) then null
            else 'after_contract'
        end as reason
    from events as e
    left join spans as s on s.client_id = e.client_id
    left join disposals as d on d.client_id = e.client_id
    left join in_force as f on f.source_id = e.source_id and f.source_row = e.source_row
)
select
    event_id as item,
    case when reason is null then 'compliant' else 'violation' end as outcome,
    reason,
    'processor' as role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    purpose,
    operation as kind,
    case when reason = 'module_not_contracted' then 'Module ' || module || '.' end as detail,
    activity_id
from judged
