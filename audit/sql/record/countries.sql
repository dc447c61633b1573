-- Each third country that an activity names, with the adequacy decision in force for it on the as-of date.
select distinct
    c.country,
    d.name as decision,
    x.country is not null as is_inside
from (
    select unnest(third_countries) as country
    from core.processing_activities
    where coalesce(valid_from, date '0001-01-01') <= $as_of_on
      and coalesce(valid_to, date '9999-12-31') > $as_of_on
) as c
left join law.adequacy as d on d.country = c.country and d.valid_from <= $as_of_on and $as_of_on < d.valid_to
left join law.eea as x on x.country = c.country and x.valid_from <= $as_of_on and $as_of_on < x.valid_to
order by c.country
