-- Groups that no contract with its agreement and modules covers from their first event to their last.
with contract_modules as (
    select distinct contract_id, module from (select contract_id, unnest(modules) as module from core.contracts)
),
stretches as (
    -- A contract that begins after the as_of date has not begun.
    select
        contract_id, client_id,
        greatest(day_start(contract_start), day_start(dpa_signed_on)) as from_at,
        day_start(coalesce(contract_end, date '9999-12-31')) as until_at
    from core.contracts
    where contract_start <= $as_of_on and dpa_signed_on is not null
),
sound as (
    select c.client_id, a.activity_id, c.from_at, c.until_at
    from stretches as c
    join core.processing_activities as a on a.client_id = c.client_id
    left join contract_modules as m on m.contract_id = c.contract_id and m.module = a.module
    where a.module is null or m.module is not null
)
select g.client_id, g.activity_id, g.operation, g.first_at, g.last_at
from core.event_groups as g
anti join sound as s
    on s.client_id = g.client_id and s.activity_id = g.activity_id
   and s.from_at <= g.first_at and g.last_at < s.until_at
where g.client_id is not null
