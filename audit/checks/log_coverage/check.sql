-- Quarters of an hour are few and none crosses a midnight anywhere, so that only they need a local date.
with quarters as materialized (
    select
        'processing_events' as table_name, coalesce(system_id, '-') as item, quarter_of_hour(occurred_at) as quarter,
        min(occurred_at) as "at", max(occurred_at) as latest, count(*) as n
    from core.processing_events
    where occurred_at < $as_of
    group by system_id, quarter_of_hour(occurred_at)
    union all
    select
        'consents' as table_name, '-' as item, quarter_of_hour(effective_at) as quarter,
        min(effective_at) as "at", max(effective_at) as latest, count(*) as n
    from core.consents
    where effective_at < $as_of
    group by quarter_of_hour(effective_at)
    union all
    select
        'communication_preferences' as table_name, '-' as item, quarter_of_hour(effective_at) as quarter,
        min(effective_at) as "at", max(effective_at) as latest, count(*) as n
    from core.communication_preferences
    where effective_at < $as_of
    group by quarter_of_hour(effective_at)
    union all
    select
        'data_records' as table_name, system_id as item, quarter_of_hour(collected_at) as quarter,
        min(collected_at) as "at", max(collected_at) as latest, count(*) as n
    from core.data_records
    where collected_at < $as_of
    group by system_id, quarter_of_hour(collected_at)
    union all
    select
        'incidents' as table_name, '-' as item, quarter_of_hour(detected_at) as quarter,
        min(detected_at) as "at", max(detected_at) as latest, count(*) as n
    from core.incidents
    where detected_at < $as_of
    group by quarter_of_hour(detected_at)
    union all
    select
        'incident_events' as table_name, '-' as item, quarter_of_hour("at") as quarter,
        min("at") as "at", max("at") as latest, count(*) as n
    from core.incident_events
    where "at" < $as_of
    group by quarter_of_hour("at")
    union all
    select
        'requests' as table_name, '-' as item, quarter_of_hour(received_at) as quarter,
        min(received_at) as "at", max(received_at) as latest, count(*) as n
    from core.requests
    where received_at < $as_of
    group by quarter_of_hour(received_at)
    union all
    select
        'cookie_events' as table_name, '-' as item, quarter_of_hour(occurred_at) as quarter,
        min(occurred_at) as "at", max(occurred_at) as latest, count(*) as n
    from core.cookie_events
    where occurred_at < $as_of
    group by quarter_of_hour(occurred_at)
),
sources as (
    select
        table_name, item,
        sum(n) as row_count,
        cast(min("at") as date) as first_on,
        cast(max(latest) as date) as last_on
    from quarters
    group by table_name, item
),
asked as (
    -- whole days of the period before as_of, and the silence that is allowed
    select
        $start_on as from_on,
        case when cast($as_of as date) < $end_on then cast($as_of as date) else $end_on end as until_on,
        silent_source_after_months as months,
        silent_source_after_days as days,
        silent_source_after_seconds as seconds
    from house.settings
),
seen as (
    select distinct q.table_name, q.item, cast(q."at" as date) as day
    from quarters as q
    cross join asked as a
    where cast(q."at" as date) >= a.from_on and cast(q."at" as date) < a.until_on
),
marks as (
    -- the days with rows, and one on either side of the period
    select table_name, item, day from seen
    union all
    select s.table_name, s.item, add_days(a.from_on, -1) as day from sources as s cross join asked as a
    union all
    select s.table_name, s.item, a.until_on as day from sources as s cross join asked as a where a.until_on >= a.from_on
),
silences as (
    select
        table_name, item,
        add_days(day, 1) as from_on,
        lead(day) over (partition by table_name, item order by day) as until_on
    from marks
),
measured as (
    select
        s.table_name, s.item, s.from_on, s.until_on,
        date_diff('day', s.from_on, s.until_on) as days,
        date_diff('day', add_on(s.from_on, a.months, a.days, a.seconds), s.until_on) as days_over
    from silences as s
    cross join asked as a
    where s.until_on > s.from_on
),
longest as (
    select table_name, item, sum(days) as silent_days, max(days) as days, max(days_over) as days_over
    from measured
    group by table_name, item
),
longest_from as (
    select m.table_name, m.item, min(m.from_on) as from_on
    from measured as m
    join longest as l on l.table_name = m.table_name and l.item = m.item and l.days = m.days
    group by m.table_name, m.item
)
select
    s.item,
    case when l.days_over > 0 then 'violation' else 'compliant' end as outcome,
    case when l.days_over > 0 then 'silent_source' end as reason,
    'controller' as role,
    cast(null as varchar) as client_id,
    cast(null as varchar) as subject_id,
    cast(null as timestamptz) as occurred_at,
    cast(null as timestamptz) as due_at,
    cast(case when l.days_over > 0 then l.days_over end as double) as amount,
    cast(null as integer) as source_id,
    cast(null as bigint) as source_row,
    s.table_name as item_table,
    case when s.item <> '-' then s.item end as system_id,
    s.table_name as kind,
    case when l.days_over > 0 then
        'No rows for ' || cast(l.days as varchar) || ' days in a row from ' || cast(f.from_on as varchar) || '.'
    end as detail,
    s.table_name,
    s.row_count as "rows",
    s.first_on,
    s.last_on,
    case when a.until_on > a.from_on then date_diff('day', a.from_on, a.until_on) else 0 end as days,
    coalesce(l.silent_days, 0) as silent_days,
    coalesce(l.days, 0) as longest_silence
from sources as s
cross join asked as a
left join longest as l on l.table_name = s.table_name and l.item = s.item
left join longest_from as f on f.table_name = s.table_name and f.item = s.item
