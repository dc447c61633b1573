with incidents as (
    select * from open_incidents('evaluated', $start, $end, $as_of)
),
stage_order as (
    select * from (values
        (1, 'registered'), (2, 'analysed'), (3, 'prioritised'), (4, 'resolved'), (5, 'evaluated')
    ) as s (step, stage)
),
stages as (
    select
        i.incident_id, i.detected_at_is_date, s.step, s.stage, t.done_at,
        case
            when i.detected_at_is_date then last_of_day(add_on(i.detected_at, g.months, g.days, g.seconds))
            else add_at(i.detected_at, g.months, g.days, g.seconds)
        end as due_at
    from incidents as i
    cross join stage_order as s
    left join house.incident_targets as g on g.severity = coalesce(i.severity, 'default') and g.stage = s.stage
    left join stage_times($as_of) as t on t.incident_id = i.incident_id and t.stage = s.stage
),
timed as (
    select
        *,
        case
            when done_at is null and detected_at_is_date then $as_of_on > cast(due_at as date)
            else coalesce(done_at, $as_of) > due_at
        end as is_late,
        max(done_at) over (
            partition by incident_id order by step rows between unbounded preceding and 1 preceding
        ) as done_before,
        max(case when done_at is not null then step end) over (partition by incident_id) as furthest
    from stages
),
summary as (
    select
        incident_id,
        bool_or(coalesce(done_at < done_before, false)) as is_out_of_order,
        bool_or(done_at is null and step < coalesce(furthest, 0)) as is_skipped,
        min(case when is_late then step end) as late_step,
        min(case when done_at is null then step end) as next_step,
        bool_or(stage = 'evaluated' and done_at is not null) as is_evaluated
    from timed
    group by incident_id
),
judged as (
    select
        i.*,
        case
            when s.is_out_of_order then 'out_of_order'
            when s.is_skipped then 'stage_skipped'
            when late.stage is not null then 'late_' || late.stage
        end as reason,
        s.is_evaluated,
        late.stage as late_stage,
        late.done_at as late_done_at,
        late.due_at as late_due_at,
        next.stage as next_stage,
        next.due_at as next_due_at
    from incidents as i
    join summary as s on s.incident_id = i.incident_id
    left join timed as late on late.incident_id = i.incident_id and late.step = s.late_step
    left join timed as next on next.incident_id = i.incident_id and next.step = s.next_step
)
select
    incident_id as item,
    case when reason is not null then 'violation' when is_evaluated then 'compliant' else 'pending' end as outcome,
    reason,
    role,
    client_id,
    cast(null as varchar) as subject_id,
    detected_at as occurred_at,
    case
        when reason in ('out_of_order', 'stage_skipped') then null
        when reason is not null then late_due_at
        when not is_evaluated then next_due_at
    end as due_at,
    case
        when reason in ('out_of_order', 'stage_skipped') then null
        when detected_at_is_date
            then date_diff('day', cast(late_due_at as date), coalesce(cast(late_done_at as date), $as_of_on))
        else hours_between(late_due_at, coalesce(late_done_at, $as_of))
    end as amount,
    source_id,
    source_row,
    severity as kind,
    case when detected_at_is_date then 'days' else 'hours' end as unit,
    case
        when reason = 'out_of_order' then 'A stage bears an earlier time than one that comes before it.'
        when reason = 'stage_skipped' then 'The stage ' || next_stage || ' was passed over.'
        when reason is not null and late_done_at is null then 'The stage ' || late_stage || ' had not been reached.'
        when reason is not null then 'The stage ' || late_stage || ' was reached after its target.'
    end as detail
from judged
