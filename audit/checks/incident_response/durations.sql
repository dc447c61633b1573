-- From detection to each stage, in hours, over the incidents of the period that reached it; and what their targets allow.
with incidents as (
    select incident_id, detected_at, severity
    from open_incidents('evaluated', $start, $end, $as_of)
    where ($client_id is null or client_id = $client_id) and ($role is null or role = $role)
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
    join stage_times($as_of) as t on t.incident_id = i.incident_id
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
