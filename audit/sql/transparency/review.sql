-- When the policy's version in effect was last looked at, and whether the organisation's own interval has passed since.
with in_effect as (
    -- a review after the as-of date has not happened
    select
        v.version, v.effective_on,
        case when v.reviewed_on > v.effective_on and v.reviewed_on <= $as_of_on then v.reviewed_on else v.effective_on end
            as reviewed_on
    from core.policy_versions as v
    join house.settings as h on h.policy_document = v.document
    where v.effective_on <= $as_of_on
)
select
    v.version, cast(v.reviewed_on as varchar) as reviewed_on, date_diff('day', v.reviewed_on, $as_of_on) as days,
    $as_of_on <= add_on(
        v.reviewed_on, h.policy_review_interval_months, h.policy_review_interval_days, h.policy_review_interval_seconds
    ) as is_told
from in_effect as v
cross join house.settings as h
order by v.effective_on desc, v.reviewed_on, v.version
limit 1
