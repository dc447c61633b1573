-- From detection to each stage, in hours, over the incidents of the period that reached it; and what their targets allow.
with trail as (
    select
        incident_id,
        stage,
        case when stage in ('resolved', 'evaluated') then max("at") else min("at") end as done_at
    from core.incident_events
    where "at" < $as_of
    group by incident_id, stage
),
incidents as (
    select i.incident_id, i.detected_at, i.severity
    from core.incidents as i
    anti join trail as t on t.incident_id = i.incident_id and t.stage = 'evaluated' and t.done_at < $start
    where i.detected_at < $end and i.detected_at < $as_of
      and ($client_id is null or i.client_id = $client_id)
      and ($role is null
           or $role = coalesce(i.role, case when i.client_id is null then 'controller' else 'processor' end))
),
stage_order as (
    select * from (values
        (1, 'registered'), (2, 'analysed'), (3, 'prioritised'), (4, 'resolved'), (5, 'evaluated')
    ) as s (step, stage)
),
spans as (
    select
        t.stage,
        hours_between(i.detected_at, t.done_at) as hours,
        hours_between(i.detected_at, add_at(i.detected_at, g.months, g.days, g.seconds)) as target_hours
    from incidents as i
    join trail as t on t.incident_id = i.incident_id
    left join house.incident_targets as g on g.severity = coalesce(i.severity, 'default') and g.stage = t.stage
)
select
    o.stage,
    count(s.hours) as n,
    quantile_of(s.hours, 0.5) as p50_hours,
    quantile_of(s.hours, 0.9) as p90_hours,
    max(s.hours) as max_hours,
    min(s.target_hours) as tightest_hours,
    max(s.target_hours) as widest_hours
from stage_order as o
left join spans as s on s.stage = o.stage
group by o.step, o.stage
order by o.step
