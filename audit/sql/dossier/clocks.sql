-- Each clock of one incident ($1): from when, until when, and when it was met. The limits and what is late are those of
-- incident_response and the breach checks; here every clock of the incident stands beside the others, whatever the period.
--   silent: why a clock does not run; null where it does.
with incident as (
    select
        incident_id, client_id, severity, risk, detected_at, personal_data_breach, no_communication_ground,
        coalesce(detected_at_is_date, false) as detected_at_is_date,
        coalesce(role, case when client_id is null then 'controller' else 'processor' end) as role,
        coalesce(aware_at, detected_at) as aware_at,
        coalesce(case when aware_at is null then detected_at_is_date else aware_at_is_date end, false) as is_date
    from core.incidents
    where incident_id = $1
),
trail as (
    select stage, done_at from stage_times($as_of) where incident_id = $1
),
stage_order as (
    select * from (values
        (1, 'registered'), (2, 'analysed'), (3, 'prioritised'), (7, 'resolved'), (8, 'evaluated')
    ) as s (place, stage)
),
stages as (
    select
        o.place, o.stage, i.detected_at as start_at, i.detected_at_is_date as is_date,
        g.months, g.days, g.seconds,
        case
            when i.detected_at_is_date then last_of_day(add_on(i.detected_at, g.months, g.days, g.seconds))
            else add_at(i.detected_at, g.months, g.days, g.seconds)
        end as due_at,
        'house' as basis,
        cast(null as varchar) as silent
    from incident as i
    cross join stage_order as o
    left join house.incident_targets as g on g.severity = coalesce(i.severity, 'default') and g.stage = o.stage
),
authority as (
    select
        4 as place, 'authority_notified' as stage, i.aware_at as start_at, i.is_date,
        l.months, l.days, l.seconds,
        breach_due_at(i.aware_at, i.is_date) as due_at,
        'law' as basis,
        case
            when not i.personal_data_breach then 'no_breach'
            when i.role = 'processor' then 'processor'
            when i.risk = 'unlikely' then 'risk_unlikely'
        end as silent
    from incident as i
    left join law.limits as l
        on l.name = 'breach_authority'
       and l.valid_from <= cast(i.aware_at as date) and cast(i.aware_at as date) < l.valid_to
),
notices as (
    select i.incident_id, c.breach_notice
    from incident as i
    join core.contracts as c
        on c.client_id = i.client_id
       and c.contract_start <= cast(i.aware_at as date)
       and (c.contract_end is null or cast(i.aware_at as date) < c.contract_end)
),
client_limits as (
    -- the policy's own time where no contract is in force that day, or one sets none
    select
        i.aware_at, i.is_date,
        case when n.breach_notice is null then 'house' else 'contract' end as basis,
        coalesce(iso_months(n.breach_notice), h.breach_notice_default_months) as months,
        coalesce(iso_days(n.breach_notice), h.breach_notice_default_days) as days,
        coalesce(iso_seconds(n.breach_notice), h.breach_notice_default_seconds) as seconds
    from incident as i
    cross join house.settings as h
    left join notices as n on n.incident_id = i.incident_id
    where i.client_id in (select c.client_id from core.contracts as c where c.contract_start <= $as_of_on)
),
client_dues as (
    select
        *,
        case
            when is_date then last_of_day(add_on(aware_at, months, days, seconds))
            else add_at(aware_at, months, days, seconds)
        end as due_at
    from client_limits
    order by due_at, basis, months, days, seconds
    limit 1
),
client as (
    select
        5 as place, 'controller_notified' as stage, i.aware_at as start_at, i.is_date,
        d.months, d.days, d.seconds, d.due_at,
        d.basis,
        case
            when not i.personal_data_breach then 'no_breach'
            when i.role = 'controller' then 'controller'
        end as silent
    from incident as i
    left join client_dues as d on true
),
subjects as (
    select
        6 as place, 'subjects_notified' as stage, i.aware_at as start_at, i.is_date,
        h.subjects_told_within_months as months,
        h.subjects_told_within_days as days,
        h.subjects_told_within_seconds as seconds,
        case
            when i.is_date then
                last_of_day(add_on(i.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                                   h.subjects_told_within_seconds))
            else add_at(i.aware_at, h.subjects_told_within_months, h.subjects_told_within_days,
                        h.subjects_told_within_seconds)
        end as due_at,
        'house' as basis,
        case
            when not i.personal_data_breach then 'no_breach'
            when i.role = 'processor' then 'processor'
            when i.no_communication_ground is not null then 'ground_' || i.no_communication_ground
            when i.risk in ('unlikely', 'risk') then 'risk_not_high'
        end as silent
    from incident as i
    cross join house.settings as h
),
clocks as (
    select * from stages
    union all by name
    select * from authority
    union all by name
    select * from client
    union all by name
    select * from subjects
),
timed as (
    select
        -- what a contract sets may lead out of the calendar, where no day has a name
        c.* replace (case when c.due_at > e.last_at then e.last_at else c.due_at end as due_at), t.done_at,
        i.personal_data_breach, i.risk,
        case
            when t.done_at is null and c.is_date then $as_of_on > cast(c.due_at as date)
            else coalesce(t.done_at, $as_of) > c.due_at
        end as is_over
    from clocks as c
    cross join incident as i
    cross join (select timestamptz '9999-12-31 00:00:00+00' as last_at) as e
    left join trail as t on t.stage = c.stage
)
select
    stage, basis, silent, start_at, is_date, months, days, seconds, due_at, done_at,
    case
        when silent is not null then null
        when start_at >= $as_of then 'pending'
        when stage in ('authority_notified', 'controller_notified', 'subjects_notified')
            and personal_data_breach is null then 'undetermined'
        when stage in ('authority_notified', 'subjects_notified') and risk is null and done_at is null
            then 'undetermined'
        when due_at is null and basis is null then 'undetermined'
        when is_over then 'violation'
        when done_at is not null then 'compliant'
        else 'pending'
    end as outcome,
    case when silent is null and start_at < $as_of and is_over
        then hours_between(due_at, coalesce(done_at, $as_of)) end as hours_over,
    hours_between(start_at, due_at) as hours_allowed,
    hours_between(start_at, coalesce(done_at, $as_of)) as hours_taken
from timed
order by place
