with contacts as not materialized (
    select
        e.event_id, e.occurred_at, e.system_id, e.client_id, e.subject_id, e.channel, e.source_id, e.source_row,
        coalesce(e.client_id, '') as client_key,
        case when e.client_id is null then 'controller' else 'processor' end as role,
        a.purpose
    from core.processing_events as e
    left join core.processing_activities as a on a.activity_id = e.activity_id
    where e.operation = 'contact'
      and e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
),
judged as (
    select c.*, 'compliant' as outcome, cast(null as varchar) as reason
    from contacts as c
    anti join core.preference_intervals as i
        on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    where c.subject_id is not null and c.channel is not null
    union all
    -- the stretches of a key are disjoint: at most one holds the instant
    select
        c.*,
        'violation' as outcome,
        case when i.is_any then 'all_contact_refused' else 'channel_refused' end as reason
    from contacts as c
    join core.preference_intervals as i
        on i.subject_id = c.subject_id and i.client_key = c.client_key and i.channel = c.channel
       and i.valid_from <= c.occurred_at and c.occurred_at < i.valid_to
    union all
    select
        *,
        'undetermined' as outcome,
        case when subject_id is null then 'no_subject' else 'no_channel' end as reason
    from contacts
    where subject_id is null or channel is null
)
select
    event_id as item,
    outcome,
    reason,
    role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    purpose,
    channel as kind,
    case outcome
        when 'violation' then 'Contact by ' || channel || ' after a refusal.'
        when 'undetermined' then
            case reason when 'no_subject' then 'Contact without a person.' else 'Contact without a channel.' end
    end as detail
from judged
