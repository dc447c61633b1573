-- Every day with the working day it moves to: itself, or the first after it that is no Saturday, Sunday or holiday
-- (Regulation 1182/71 art. 2 and 3(4)).
select
    day,
    min(case when is_working_day then day end) over (order by day desc) as next_working_day  -- of this day and later
from (
    select d.day, isodow(d.day) < 6 and h.day is null as is_working_day
    from (
        select cast(unnest(generate_series(
            cast(date_trunc('year', min(day)) as date), cast(date_trunc('year', max(day)) as date) + interval 1 year,
            interval 1 day)) as date) as day
        from law.holidays
    ) as d
    left join (select distinct day from law.holidays) as h on h.day = d.day
)
