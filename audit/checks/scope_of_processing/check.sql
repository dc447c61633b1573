with activity_systems as (
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
        a.activity_id, a.purpose, a.person_category,
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
judged as (
    select
        e.event_id, e.occurred_at, e.system_id, e.activity_id, e.subject_id, e.data_category, e.source_id, e.source_row,
        a.purpose,
        a.person_category,
        case
            when a.fault is not null then a.fault
            when e.data_category is null and a.has_strange_data then 'data_category_outside_policy'
            when e.data_category is not null and d.data_category is null then 'data_category_outside_policy'
            when e.system_id is not null and a.has_systems and y.system_id is null then 'system_outside_activity'
        end as reason
    from core.processing_events as e
    join activities as a on a.activity_id = e.activity_id
    left join house.data_categories as d on d.data_category = e.data_category
    left join activity_systems as y on y.activity_id = e.activity_id and y.system_id = e.system_id
    where e.client_id is null
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
)
select
    event_id as item,
    case when reason is null then 'compliant' else 'violation' end as outcome,
    reason,
    'controller' as role,
    cast(null as varchar) as client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    purpose,
    data_category as kind,
    case reason
        when 'purpose_outside_policy' then 'Purpose ' || purpose || '.'
        when 'person_category_outside_policy' then 'Person category ' || person_category || '.'
        when 'data_category_outside_policy' then
            coalesce('Data category ' || data_category || '.', 'A data category of activity ' || activity_id || '.')
        when 'system_outside_activity' then 'System ' || system_id || ' under activity ' || activity_id || '.'
    end as detail,
    activity_id
from judged
