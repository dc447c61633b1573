with events as not materialized (
    select event_id, occurred_at, system_id, activity_id, subject_id, operation, data_category, source_id, source_row
    from core.processing_events
    where client_id is null
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
activity_systems as (
    select distinct activity_id, system_id
    from (select activity_id, unnest(systems) as system_id from core.processing_activities)
    where system_id is not null
),
strange_data as (
    select distinct a.activity_id
    from (select activity_id, unnest(data_categories) as data_category from core.processing_activities) as a
    anti join house.data_categories as d on d.data_category = a.data_category
    where a.data_category is not null
),
activities as (
    -- what is decided before any event is seen
    select
        a.activity_id,
        case
            when a.purpose is not null and p.purpose is null then 'purpose_outside_policy'
            when a.person_category is not null and c.person_category is null then 'person_category_outside_policy'
        end as fault,
        s.activity_id is not null as has_strange_data,
        y.activity_id is not null as has_systems
    from core.processing_activities as a
    left join house.purposes as p on p.purpose = a.purpose
    left join house.person_categories as c on c.person_category = a.person_category
    left join strange_data as s on s.activity_id = a.activity_id
    left join (select distinct activity_id from activity_systems) as y on y.activity_id = a.activity_id
),
within_scope as (
    -- Every combination of activity, data and system that is sound, as far as the registers know the systems. An event
    -- outside them is looked at by itself.
    select a.activity_id, d.data_category, y.system_id
    from activities as a
    join (
        select data_category from house.data_categories union all select cast(null as varchar) as data_category
    ) as d on d.data_category is not null or not a.has_strange_data
    join (
        select activity_id, system_id from activity_systems
        union all
        select activity_id, cast(null as varchar) as system_id from activities
        union all
        select a.activity_id, s.system_id from activities as a cross join core.systems as s where not a.has_systems
    ) as y on y.activity_id = a.activity_id
    where a.fault is null
),
-- The faulty are found by their keys alone, and only their other columns are read. `distinct` (a row is here once) keeps
-- the joins below from being done before they are few.
others as (
    select distinct e.source_id, e.source_row, e.activity_id, e.system_id, e.data_category
    from events as e
    anti join within_scope as w
        on w.activity_id = e.activity_id and w.data_category is not distinct from e.data_category
       and w.system_id is not distinct from e.system_id
),
found as materialized (
    select
        o.source_id, o.source_row,
        case
            when a.fault is not null then a.fault
            when o.data_category is null and a.has_strange_data then 'data_category_outside_policy'
            when o.data_category is not null and d.data_category is null then 'data_category_outside_policy'
            when o.system_id is not null and a.has_systems and y.system_id is null then 'system_outside_activity'
        end as reason
    from others as o
    join activities as a on a.activity_id = o.activity_id
    left join house.data_categories as d on d.data_category = o.data_category
    left join activity_systems as y on y.activity_id = o.activity_id and y.system_id = o.system_id
),
judged as (
    select e.*, 'compliant' as outcome, cast(null as varchar) as reason
    from events as e
    semi join within_scope as w
        on w.activity_id = e.activity_id and w.data_category is not distinct from e.data_category
       and w.system_id is not distinct from e.system_id
    union all
    select e.*, case when f.reason is null then 'compliant' else 'violation' end as outcome, f.reason
    from events as e
    join found as f on f.source_id = e.source_id and f.source_row = e.source_row
)
select
    j.event_id as item,
    j.outcome,
    j.reason,
    'controller' as role,
    cast(null as varchar) as client_id,
    j.subject_id,
    j.occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    j.source_id,
    j.source_row,
    j.system_id,
    a.purpose,
    j.data_category as kind,
    case j.reason
        when 'purpose_outside_policy' then 'Purpose ' || a.purpose || '.'
        when 'person_category_outside_policy' then 'Person category ' || a.person_category || '.'
        when 'data_category_outside_policy' then
            coalesce('Data category ' || j.data_category || '.', 'A data category of activity ' || j.activity_id || '.')
        when 'system_outside_activity' then 'System ' || j.system_id || ' under activity ' || j.activity_id || '.'
    end as detail,
    j.activity_id
from judged as j
join core.processing_activities as a on a.activity_id = j.activity_id
