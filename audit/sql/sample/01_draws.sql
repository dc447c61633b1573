-- Chance without chance: every draw is a slice of the MD5 of the seed and the row's own name, so that the same seed
-- gives the same organisation on any machine and with any number of threads.
create macro digest(name) as md5(getvariable('seed') || '/' || name);
-- The slice `i` (0 to 3) of a digest, as a number from 0 to less than 1.
create macro draw(h, i) as cast('0x' || substr(h, 1 + 7 * i, 7) as bigint) / 268435456.0;
-- A whole number from 0 to less than n.
create macro pick(h, i, n) as cast(floor(draw(h, i) * n) as bigint);
create macro chosen(list, h, i) as list[1 + pick(h, i, len(list))];
create macro seconds_on(t, n) as t + to_seconds(cast(floor(n) as bigint));
create macro days_on(t, n) as seconds_on(t, 86400 * n);
-- An instant of a working day: weekends and early hours move on to the next morning.
create macro at_work(t) as
    seconds_on(
        date_trunc('day', t) + to_days(case when isodow(t) > 5 then 8 - isodow(t) else 0 end),
        28800 + (hour(t) * 3600 + minute(t) * 60 + second(t)) * 9 // 24
    );
-- Ids: a prefix and the number counted from one.
create macro numbered(prefix, n, width) as prefix || lpad(cast(n + 1 as varchar), width, '0');
-- How often something happens in the window that happens every so many days.
create macro occasions(every_days) as
    range(cast(floor(date_diff('day', getvariable('first'), getvariable('until')) / every_days) as bigint));
-- What lies after the window has not happened.
create macro happened(t) as case when t < getvariable('until') then t end;
-- Local time as a system writes it: UTC, local without offset, or local with its offset.
create macro utc_of(t) as (t at time zone getvariable('zone')) at time zone 'UTC';
create macro stamp(t, clock) as
    case clock
        when 'utc' then strftime(utc_of(t), '%Y-%m-%dT%H:%M:%SZ')
        when 'local' then strftime(t, '%Y-%m-%dT%H:%M:%S')
        else strftime(t, '%Y-%m-%dT%H:%M:%S')
            || printf(
                '%s%02d:%02d',
                case when utc_of(t) > t then '-' else '+' end,
                abs(date_diff('minute', utc_of(t), t)) // 60,
                abs(date_diff('minute', utc_of(t), t)) % 60
            )
    end;

-- The days of the window, and for each rhythm their share of the work: 200,000 slots handed out to the days by weight.
create table days as
select cast(unnest(generate_series(getvariable('first'), getvariable('until') - 1, interval 1 day)) as date) as day;

create table slots as
with weights as (
    select
        r.rhythm, d.day,
        [mon, tue, wed, thu, fri, sat, sun][isodow(d.day)]::bigint
            * [jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec][month(d.day)]::bigint
            * case when day(d.day) between first_day::int and last_day::int then factor::bigint else 1 end
            * case when list_contains(getvariable('closed'), strftime(d.day, '%m-%d')) then on_days_off::bigint else 1 end
            as weight
    from plan.rhythms as r
    cross join days as d
),
sums as (
    select
        rhythm, day, weight,
        sum(weight) over (partition by rhythm order by day) as up_to,
        sum(weight) over (partition by rhythm) as total
    from weights
)
select
    rhythm, day,
    cast((up_to - weight) * 200000 // total as bigint) as slot_from,
    cast(up_to * 200000 // total as bigint) as slot_until
from sums
where weight > 0;

create table slot_days as
select rhythm, day, unnest(range(slot_from, slot_until)) as slot
from slots;
