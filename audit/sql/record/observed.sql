-- What the logs of the period show against what the record says, an activity and a thing a row: systems, recipients and
-- categories of data. Seen and not declared, or declared and not seen; what agrees is left out.
--   is_elsewhere: another activity in force declares the thing.
with activities as (
    select activity_id, name, role, client_id, systems, recipients, data_categories
    from core.processing_activities
    where coalesce(valid_from, date '0001-01-01') < least($end_on, $as_of_on + 1)
      and coalesce(valid_to, date '9999-12-31') > $start_on
      and ($client_id is null or client_id = $client_id)
      and ($role is null or role = $role)
),
declared as (
    select activity_id, 'system' as thing, unnest(systems) as value from activities
    union
    select activity_id, 'recipient' as thing, unnest(recipients) as value from activities
    union
    select activity_id, 'data_category' as thing, unnest(data_categories) as value from activities
),
events as (
    select activity_id, system_id, recipient_id, data_category, count(*) as n
    from core.processing_events
    where occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
      and ($client_id is null or client_id = $client_id)
      and ($role is null or $role = case when client_id is null then 'controller' else 'processor' end)
    group by activity_id, system_id, recipient_id, data_category
),
things as (
    select activity_id, 'system' as thing, system_id as value, n from events where system_id is not null
    union all
    select activity_id, 'recipient' as thing, recipient_id as value, n from events where recipient_id is not null
    union all
    select activity_id, 'data_category' as thing, data_category as value, n from events where data_category is not null
),
seen as (
    select activity_id, thing, value, cast(sum(n) as bigint) as n
    from things
    where activity_id in (select a.activity_id from activities as a)
    group by activity_id, thing, value
),
active as (
    -- of an activity without any event nothing can be told from the logs
    select distinct activity_id from events
)
select
    coalesce(s.activity_id, d.activity_id) as activity_id,
    a.name as activity,
    coalesce(s.thing, d.thing) as thing,
    coalesce(s.value, d.value) as value,
    case when d.activity_id is null then 'not_declared' else 'not_seen' end as finding,
    coalesce(s.n, 0) as n,
    coalesce(s.value, d.value) in (select o.value from declared as o where o.thing = coalesce(s.thing, d.thing))
        as is_elsewhere,
    coalesce(y.name, r.name) as name
from seen as s
full join declared as d on d.activity_id = s.activity_id and d.thing = s.thing and d.value = s.value
join activities as a on a.activity_id = coalesce(s.activity_id, d.activity_id)
left join core.systems as y on coalesce(s.thing, d.thing) = 'system' and y.system_id = coalesce(s.value, d.value)
left join core.recipients as r
    on coalesce(s.thing, d.thing) = 'recipient' and r.recipient_id = coalesce(s.value, d.value)
where d.activity_id is null
   or (s.activity_id is null and d.activity_id in (select e.activity_id from active as e))
order by finding, thing, activity_id, value
