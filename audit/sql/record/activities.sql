-- The record of processing activities in force on the as-of date, each with its retention rule, its client's name, and what
-- ropa_completeness asks of it (GDPR 30(1), 30(2), and what the policy promises besides).
with clients as (
    -- a contract that begins after the as_of date has not begun
    select client_id, max_by(client_name, (contract_start, contract_id)) as client_name
    from core.contracts
    where contract_start <= $as_of_on
    group by client_id
)
select
    a.* exclude (source_id, source_row),
    c.client_name,
    r.rule_id is not null as has_rule,
    r.anchor as rule_anchor,
    r.period as rule_period,
    r.action as rule_action,
    r.legal_reference as rule_reference
from core.processing_activities as a
left join clients as c on c.client_id = a.client_id
left join core.retention_rules as r on r.rule_id = a.retention_rule_id
where coalesce(a.valid_from, date '0001-01-01') <= $as_of_on
  and coalesce(a.valid_to, date '9999-12-31') > $as_of_on
  and ($client_id is null or a.client_id = $client_id)
  and ($role is null or a.role = $role)
order by a.role, a.client_id nulls first, a.activity_id
