with records as not materialized (
    select
        record_id, subject_id, client_id, person_category, data_category, system_id, source_id, source_row,
        coalesce(client_id, '') as client_key,
        case when client_id is null then 'controller' else 'processor' end as role,
        collected_at,
        case when last_activity_at < $as_of then last_activity_at end as last_activity_at,
        case when disposed_at < $as_of then disposed_at end as disposed_at
    from core.data_records
    where collected_at < $as_of and (disposed_at is null or disposed_at >= least($start, $as_of))
),
rules as (
    select *, iso_months(period) as months, iso_days(period) as days, iso_seconds(period) as seconds
    from core.record_rules
),
ended as (
    -- an end that lies ahead has not happened: the relationship runs
    select subject_id, coalesce(client_id, '') as client_key, relationship_ended_on as ended_on
    from core.subjects
    where relationship_ended_on <= $as_of_on
),
unknown as (
    select subject_id, coalesce(client_id, '') as client_key
    from core.unknown_subjects
),
contract_ends as (
    select
        client_id as client_key,
        true as is_known,
        case when bool_and(contract_end <= $as_of_on) then max(contract_end) end as ended_on
    from (
        select client_id, coalesce(contract_end, date '9999-12-31') as contract_end
        from core.contracts
        where contract_start <= $as_of_on
    )
    group by client_id
),
anchored as not materialized (
    select
        r.*,
        u.tied,
        u.months,
        u.days,
        u.seconds,
        case u.anchor
            when 'collected' then cast(r.collected_at as date)
            when 'last_activity' then cast(coalesce(r.last_activity_at, r.collected_at) as date)
            when 'relationship_end' then s.ended_on
            when 'contract_end' then c.ended_on
            when 'fiscal_year_end' then year_end_on(cast(r.collected_at as date))
        end as anchor_on,
        case u.anchor
            when 'relationship_end' then
                case when r.subject_id is null or x.subject_id is not null then 'no_anchor' else 'not_due' end
            when 'contract_end' then case when c.is_known then 'not_due' else 'no_anchor' end
            else 'no_rule'
        end as without_date
    from records as r
    join rules as u
        on u.client_id is not distinct from r.client_id and u.person_category is not distinct from r.person_category
       and u.data_category = r.data_category and u.system_id = r.system_id
    left join ended as s on s.subject_id = r.subject_id and s.client_key = r.client_key
    left join unknown as x on x.subject_id = r.subject_id and x.client_key = r.client_key
    left join contract_ends as c on c.client_key = r.client_key
),
dated as not materialized (
    select *, add_on(anchor_on, months, days, seconds) as due_on
    from anchored
),
-- Of tied rules the earliest due date counts, else not_due, else no_anchor.
several as (
    select
        record_id,
        min(due_on) as due_on,
        case when bool_or(without_date = 'not_due') then 'not_due' else 'no_anchor' end as without_date
    from dated
    where tied > 1
    group by record_id
),
ruled as not materialized (
    select
        record_id, subject_id, client_id, person_category, data_category, system_id, source_id, source_row, role,
        collected_at, disposed_at, due_on, without_date
    from dated
    where tied <= 1
    union all
    select
        r.record_id, r.subject_id, r.client_id, r.person_category, r.data_category, r.system_id, r.source_id,
        r.source_row, r.role, r.collected_at, r.disposed_at, s.due_on, s.without_date
    from records as r
    join several as s on s.record_id = r.record_id
),
holds as (
    select record_id, subject_id, client_id, data_category, held_from, coalesce(held_to, date '9999-12-31') as held_to
    from core.legal_holds
    where held_from <= $as_of_on
),
wide_holds as (
    -- matched to the few kinds of records, not to each record
    select distinct coalesce(k.client_id, '') as client_key, k.data_category, h.held_from, h.held_to
    from core.record_kinds as k
    join holds as h
        on h.record_id is null and h.subject_id is null
       and (h.client_id is null or h.client_id = k.client_id)
       and (h.data_category is null or h.data_category = k.data_category)
),
held as (
    select r.record_id, h.held_from, h.held_to
    from records as r
    join holds as h on h.record_id = r.record_id
    where (h.subject_id is null or h.subject_id = r.subject_id)
      and (h.client_id is null or h.client_id = r.client_id)
      and (h.data_category is null or h.data_category = r.data_category)
    union all
    select r.record_id, h.held_from, h.held_to
    from records as r
    join holds as h on h.subject_id = r.subject_id
    where h.record_id is null
      and (h.client_id is null or h.client_id = r.client_id)
      and (h.data_category is null or h.data_category = r.data_category)
    union all
    select r.record_id, h.held_from, h.held_to
    from records as r
    join wide_holds as h using (client_key, data_category)
),
-- A hold that begins while another still moves the date moves it on: such holds make one stretch.
ordered as (
    select
        *,
        max(held_to) over (
            partition by record_id order by held_from, held_to rows between unbounded preceding and 1 preceding
        ) as held_before
    from held
),
stretches as (
    select
        record_id, held_from, held_to,
        sum(case when held_from <= held_before then 0 else 1 end) over (
            partition by record_id order by held_from, held_to rows between unbounded preceding and current row
        ) as stretch
    from ordered
),
hold_stretches as (
    select record_id, min(held_from) as held_from, max(held_to) as held_to
    from stretches
    group by record_id, stretch
),
moved as (
    -- the stretch that holds the due date or still runs; holds begin by the as_of date, so there is at most one
    select
        r.* exclude (due_on),
        cast(r.disposed_at as date) as disposed_on,
        case when h.held_to > r.due_on then h.held_to else r.due_on end as due_on,
        coalesce(h.held_to > $as_of_on, false) as is_on_hold
    from ruled as r
    left join hold_stretches as h
        on h.record_id = r.record_id and h.held_from <= r.due_on
       and (h.held_to >= r.due_on or h.held_to > $as_of_on)
),
judged as (
    select
        *,
        case
            when due_on is null then without_date
            when is_on_hold then 'on_hold'
            when disposed_on > due_on then 'disposed_late'
            when disposed_on is null and $as_of_on > due_on then 'still_held'
        end as reason
    from moved
)
select
    record_id as item,
    case
        when reason in ('no_rule', 'no_anchor') then 'undetermined'
        when reason in ('still_held', 'disposed_late') then 'violation'
        else 'compliant'
    end as outcome,
    reason,
    role,
    client_id,
    subject_id,
    collected_at as occurred_at,
    case when not is_on_hold then due_on end as due_at,
    cast(case
        when reason in ('still_held', 'disposed_late') then date_diff('day', due_on, coalesce(disposed_on, $as_of_on))
    end as double) as amount,
    source_id,
    source_row,
    system_id,
    data_category as kind,
    case when reason in ('still_held', 'disposed_late')
        then 'Due on ' || cast(due_on as varchar)
            || coalesce(', disposed of on ' || cast(disposed_on as varchar), ', still held') || '.'
    end as detail,
    person_category
from judged
