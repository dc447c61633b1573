-- Each recipient that an activity names, with its agreement and, outside the Area, what carries a transfer to it on the
-- as-of date: decision (an adequacy decision in force), safeguard, none; inside the Area or without a country: null.
with activities as (
    select activity_id, unnest(recipients) as recipient_id
    from core.processing_activities
    where coalesce(valid_from, date '0001-01-01') <= $as_of_on
      and coalesce(valid_to, date '9999-12-31') > $as_of_on
      and ($client_id is null or client_id = $client_id)
      and ($role is null or role = $role)
),
named as (
    select distinct recipient_id from activities
),
decisions as (
    select country, name from law.adequacy where valid_from <= $as_of_on and $as_of_on < valid_to
),
area as (
    select country from law.eea where valid_from <= $as_of_on and $as_of_on < valid_to
)
select
    n.recipient_id,
    r.name, r.country, r.kind, r.agreement,
    coalesce(r.agreement_from, date '0001-01-01') <= $as_of_on
        and $as_of_on < coalesce(r.agreement_to, date '9999-12-31') as is_agreed,
    r.safeguard,
    r.country is not null and x.country is null as is_third_country,
    case
        when r.country is null or x.country is not null then null
        when coalesce(r.safeguard_from, date '0001-01-01') > $as_of_on
            or $as_of_on >= coalesce(r.safeguard_to, date '9999-12-31') then 'none'
        when r.safeguard = 'adequacy' and d.country is null then 'none'
        when r.safeguard = 'adequacy' then 'decision'
        when coalesce(r.safeguard, 'none') = 'none' then 'none'
        else 'safeguard'
    end as carried_by,
    d.name as decision
from named as n
left join core.recipients as r on r.recipient_id = n.recipient_id
left join decisions as d on d.country = r.country
left join area as x on x.country = r.country
order by n.recipient_id
