with in_effect as (
    -- a review after the as_of date has not happened
    select
        document, version, effective_on, source_id, source_row,
        case when reviewed_on > effective_on and reviewed_on <= $as_of_on then reviewed_on else effective_on end
            as reviewed_on
    from core.policy_versions
    where effective_on <= $as_of_on
),
reviewed as (
    -- several rows of one version tell of several reviews: the latest counts
    select
        *,
        row_number() over (
            partition by document, version, effective_on order by reviewed_on desc, source_id, source_row
        ) as latest
    from in_effect
),
dated as (
    select
        v.*,
        add_on(v.reviewed_on, h.policy_review_interval_months, h.policy_review_interval_days,
               h.policy_review_interval_seconds) as due_on
    from reviewed as v
    cross join house.settings as h
    where v.latest = 1
),
ranked as (
    -- of versions that took effect on one day the one that falls due first counts
    select
        *,
        row_number() over (
            partition by document order by effective_on desc, due_on, version, source_id, source_row
        ) as place
    from dated
)
select
    document as item,
    case when $as_of_on > due_on then 'violation' else 'compliant' end as outcome,
    case when $as_of_on > due_on then 'review_overdue' end as reason,
    'controller' as role,
    cast(null as varchar) as client_id,
    cast(null as varchar) as subject_id,
    day_start(effective_on) as occurred_at,
    due_on as due_at,
    cast(case when $as_of_on > due_on then date_diff('day', due_on, $as_of_on) end as double) as amount,
    source_id,
    source_row,
    document as kind,
    case when $as_of_on > due_on
        then 'Version ' || version || ', last looked at on ' || cast(reviewed_on as varchar) || '.'
    end as detail,
    version
from ranked
where place = 1
