-- The adequacy decisions that carry a transfer to a registered recipient, as far as they were in force in the period.
select d.country, d.name, d.valid_from, nullif(d.valid_to, date '9999-12-31') as valid_to, d.source
from law.adequacy as d
semi join core.recipients as r on r.country = d.country and r.safeguard = 'adequacy'
where d.valid_from < $end_on and d.valid_to > $start_on and d.valid_from <= $as_of_on
order by d.country, d.valid_from
