-- The records that need a closer look. Of the others population.sql says why nothing of them is due: their one rule
-- counts from a day late enough, or from a relationship or contract that runs.
with running_holds as (
    select record_id, subject_id, client_id, data_category
    from core.legal_holds
    where held_from <= $as_of_on and (held_to is null or held_to > $as_of_on)
),
held_kinds as (
    select distinct k.client_id, k.person_category, k.data_category, k.system_id
    from core.record_kinds as k
    join running_holds as h
        on h.record_id is null and h.subject_id is null
       and (h.client_id is null or h.client_id = k.client_id)
       and (h.data_category is null or h.data_category = k.data_category)
),
running_contracts as (
    select distinct client_id
    from core.contracts
    where contract_start <= $as_of_on and (contract_end is null or contract_end > $as_of_on)
),
kinds as (
    -- What counts from this instant or later is not due. It lies a month beyond the exact day, more than the lengths of
    -- months come to: so no record needs its local date.
    select distinct
        u.client_id, u.person_category, u.data_category, u.system_id,
        case when u.tied = 1 then u.anchor end as anchor,
        case when u.tied = 1 and h.data_category is null then day_start(add_months(
            add_on($as_of_on, -iso_months(u.period), -iso_days(u.period), -iso_seconds(u.period)), 1
        )) end as late_enough_at,
        c.client_id is not null as has_contract
    from core.record_rules as u
    left join running_contracts as c on c.client_id = u.client_id
    left join held_kinds as h
        on h.client_id is not distinct from u.client_id and h.person_category is not distinct from u.person_category
       and h.data_category = u.data_category and h.system_id = u.system_id
),
over as (
    -- whose relationship does not run, or who is not on record
    select subject_id, coalesce(client_id, '') as client_key
    from core.subjects
    where relationship_ended_on <= $as_of_on
    union all
    select subject_id, coalesce(client_id, '') as client_key
    from core.unknown_subjects
)
select r.*
from core.data_records as r
join kinds as k
    on k.client_id is not distinct from r.client_id and k.person_category is not distinct from r.person_category
   and k.data_category = r.data_category and k.system_id = r.system_id
left join (select distinct record_id from running_holds) as h on h.record_id = r.record_id
left join (select distinct subject_id from running_holds where record_id is null) as p on p.subject_id = r.subject_id
left join over as o
    on o.subject_id = case when k.anchor = 'relationship_end' then r.subject_id end
   and o.client_key = coalesce(r.client_id, '')
where r.collected_at < $as_of and (r.disposed_at is null or r.disposed_at >= least($start, $as_of))
  and case
      when h.record_id is not null or p.subject_id is not null then true
      when k.anchor = 'relationship_end' then o.subject_id is not null or r.subject_id is null
      when k.anchor = 'contract_end' then not k.has_contract
      when k.late_enough_at is null then true
      when k.anchor = 'last_activity' and r.last_activity_at < $as_of then r.last_activity_at < k.late_enough_at
      else r.collected_at < k.late_enough_at
  end
