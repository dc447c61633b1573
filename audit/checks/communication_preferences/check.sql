with contacts as not materialized (
    select
        event_id, occurred_at, system_id, activity_id, client_id, subject_id, channel, source_id, source_row,
        coalesce(client_id, '') as client_key
    from core.processing_events
    where operation = 'contact'
      and occurred_at >= $start and occurred_at < $end and occurred_at < $as_of
),
parts as (
    select
        *,
        coalesce(lead(from_at) over (partition by subject_id, client_key, channel order by part),
                 timestamptz '9999-12-31 00:00:00+00') as until_at
    from (
        select subject_id, client_key, channel, part, min(valid_from) as from_at
        from core.preference_intervals
        where part > 0
        group by subject_id, client_key, channel, part
    )
),
in_parts as materialized (
    -- of a key with very many stretches an event is compared with those of its part; else there is nothing here to read
    select c.source_id, c.source_row, c.occurred_at, c.subject_id, c.client_key, c.channel, p.part
    from contacts as c
    join parts as p
        on p.subject_id = c.subject_id and p.client_key = c.client_key and p.channel = c.channel
       and p.from_at <= c.occurred_at and c.occurred_at < p.until_at
),
found_in_parts as materialized (
    select c.source_id, c.source_row, i.is_any
    from in_parts as c
    join core.preference_intervals as i
        on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel and i.part = c.part
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
),
found as materialized (
    -- Only what decides: the few that are found fetch the rest of their row by its position. The stretches of a key are
    -- disjoint: at most one holds the instant.
    select
        c.source_id, c.source_row,
        case
            when c.subject_id is null then 'no_subject'
            when c.channel is null then 'no_channel'
            when i.is_any then 'all_contact_refused'
            else 'channel_refused'
        end as reason
    from contacts as c
    left join core.preference_intervals as i
        on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel
       and i.part = 0 and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    where i.is_any is not null or c.subject_id is null or c.channel is null
    union all
    select source_id, source_row, case when is_any then 'all_contact_refused' else 'channel_refused' end as reason
    from found_in_parts
),
judged as (
    select c.*, 'compliant' as outcome, cast(null as varchar) as reason
    from contacts as c
    anti join core.preference_intervals as i
        on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel
       and i.part = 0 and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    anti join found_in_parts as k on k.source_id = c.source_id and k.source_row = c.source_row
    where c.subject_id is not null and c.channel is not null
    union all
    select
        c.*,
        case when f.reason in ('no_subject', 'no_channel') then 'undetermined' else 'violation' end as outcome,
        f.reason
    from contacts as c
    join found as f on f.source_id = c.source_id and f.source_row = c.source_row
)
select
    event_id as item,
    outcome,
    reason,
    case when j.client_id is null then 'controller' else 'processor' end as role,
    j.client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    j.source_id,
    j.source_row,
    j.system_id,
    a.purpose,
    channel as kind,
    case outcome
        when 'violation' then 'Contact by ' || channel || ' after a refusal.'
        when 'undetermined' then
            case reason when 'no_subject' then 'Contact without a person.' else 'Contact without a channel.' end
    end as detail
from judged as j
left join core.processing_activities as a on a.activity_id = j.activity_id
