with activities as (
    -- A day begins at an instant, so that no event needs a local date. What binds the controller's own events only is
    -- decided by the activity's client: an event of another client's fails before.
    select
        a.activity_id, a.client_id, a.purpose, a.legal_basis,
        day_start(coalesce(a.valid_from, date '0001-01-01')) as from_at,
        day_start(coalesce(a.valid_to, date '9999-12-31')) as until_at,
        case
            when a.legal_basis is null then 'no_legal_basis'
            when a.client_id is not null then null
            when p.purpose is null then 'unknown_purpose'
            when b.purpose is null then 'basis_not_allowed'
        end as fault
    from core.processing_activities as a
    left join house.purposes as p on p.purpose = a.purpose
    left join house.purpose_bases as b on b.purpose = a.purpose and b.legal_basis = a.legal_basis
),
judged as (
    select
        e.event_id, e.occurred_at, e.system_id, e.activity_id, e.client_id, e.subject_id, e.operation,
        e.source_id, e.source_row,
        a.purpose,
        a.legal_basis,
        case
            when e.activity_id is null then 'no_activity'
            when a.activity_id is null then 'unknown_activity'
            when a.client_id is distinct from e.client_id then 'other_clients_activity'
            when e.occurred_at < a.from_at or e.occurred_at >= a.until_at then 'activity_not_in_force'
            when a.fault is not null then a.fault
            when c.purpose is not null and e.operation = 'contact' and e.client_id is null
                and a.legal_basis <> 'consent' then 'consent_required'
        end as reason
    from core.processing_events as e
    left join activities as a on a.activity_id = e.activity_id
    left join house.purpose_consent_channels as c on c.purpose = a.purpose and c.channel = e.channel
    where e.occurred_at >= $start and e.occurred_at < $end and e.occurred_at < $as_of
)
select
    event_id as item,
    case when reason is null then 'compliant' when reason = 'no_activity' then 'undetermined' else 'violation' end
        as outcome,
    reason,
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    subject_id,
    occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    system_id,
    purpose,
    operation as kind,
    'Activity ' || activity_id || coalesce(', basis ' || legal_basis, '') || '.' as detail,
    activity_id
from judged
