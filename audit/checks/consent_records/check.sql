with given as (
    select *, coalesce(client_id, '') as client_key
    from core.consents
    where status = 'given'
      and effective_at >= $start and effective_at < $end and effective_at < $as_of
),
deciding as (
    -- of consents at one instant the first to expire decides
    select
        subject_id, client_key, purpose, effective_at,
        min(coalesce(expires_at, timestamptz '9999-12-31 00:00:00+00')) as expires_at
    from given
    group by subject_id, client_key, purpose, effective_at
),
late_records as (
    -- from when to when an event relied on the consent although it was not recorded yet
    select
        g.consent_id, g.subject_id, g.client_id, g.purpose,
        i.valid_from,
        case when g.recorded_at < i.valid_to then g.recorded_at else i.valid_to end as valid_to
    from given as g
    join deciding as d
        on d.subject_id = g.subject_id and d.client_key = g.client_key and d.purpose = g.purpose
       and d.effective_at = g.effective_at
       and d.expires_at = coalesce(g.expires_at, timestamptz '9999-12-31 00:00:00+00')
    join core.consent_intervals as i
        on i.subject_id = g.subject_id and i.client_key = g.client_key and i.purpose = g.purpose
       and i.valid_from = g.effective_at
    where g.recorded_at > g.effective_at
),
backdated as (
    select l.consent_id
    from core.processing_events as e
    join late_records as l
        on l.subject_id = e.subject_id and l.client_id is not distinct from e.client_id
       and l.valid_from <= e.occurred_at and e.occurred_at < l.valid_to
    semi join core.processing_activities as a
        on a.activity_id = e.activity_id and a.purpose = l.purpose and a.legal_basis = 'consent'
    where e.occurred_at >= $start and e.occurred_at < $as_of
    union
    select l.consent_id
    from core.cookie_events as e
    join late_records as l
        on l.subject_id = e.visitor_id and l.client_id is null and l.purpose = 'cookies:' || e.purpose
       and l.valid_from <= e.occurred_at and e.occurred_at < l.valid_to
    where e.purpose <> 'necessary' and e.occurred_at >= $start and e.occurred_at < $as_of
),
judged as (
    select
        g.*,
        case
            when g.evidence_ref is null then 'no_evidence'
            when g.method is null then 'no_method'
            when g.notice_version is null then 'no_notice_version'
            when b.consent_id is not null then 'backdated'
        end as reason
    from given as g
    left join backdated as b on b.consent_id = g.consent_id
)
select
    consent_id as item,
    case when reason is null then 'compliant' else 'violation' end as outcome,
    reason,
    case when client_id is null then 'controller' else 'processor' end as role,
    client_id,
    subject_id,
    effective_at as occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    purpose,
    method as kind,
    case when reason = 'backdated'
        then 'Recorded ' || cast(cast(floor(hours_between(effective_at, recorded_at)) as bigint) as varchar)
            || ' hours after it was given, and relied on before.'
    end as detail,
    recorded_at
from judged
