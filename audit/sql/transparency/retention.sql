-- The organisation's own activities in force in the period, and whether the record names a rule that says when data goes.
select
    a.activity_id, a.name, a.purpose,
    r.rule_id is not null as is_told
from core.processing_activities as a
left join core.retention_rules as r on r.rule_id = a.retention_rule_id
where a.role = 'controller'
    and (a.valid_from is null or (a.valid_from < $end_on and a.valid_from <= $as_of_on))
    and (a.valid_to is null or a.valid_to > $start_on)
order by a.activity_id
