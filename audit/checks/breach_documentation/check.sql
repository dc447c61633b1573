with incidents as (
    select
        incident_id, client_id, severity, detected_at, source_id, source_row,
        coalesce(role, case when client_id is null then 'controller' else 'processor' end) as role,
        personal_data_breach is null as is_unclassified,
        facts, effects, remedial_action
    from core.incidents
    where (personal_data_breach is null or personal_data_breach)
      and detected_at < $end and detected_at < $as_of
),
resolutions as (
    select incident_id, max("at") as resolved_at
    from core.incident_events
    where stage = 'resolved' and "at" < $as_of
    group by incident_id
),
open_incidents as (
    select i.*
    from incidents as i
    anti join resolutions as r on r.incident_id = i.incident_id and r.resolved_at < $start
),
judged as (
    -- before an incident is resolved only its facts can be asked for
    select
        i.*,
        r.resolved_at is not null as is_resolved,
        nullif(concat_ws(', ',
            case when i.facts is null then 'facts' end,
            case when r.resolved_at is not null and i.effects is null then 'effects' end,
            case when r.resolved_at is not null and i.remedial_action is null then 'remedial_action' end
        ), '') as missing
    from open_incidents as i
    left join resolutions as r on r.incident_id = i.incident_id
)
select
    incident_id as item,
    case
        when is_unclassified then 'undetermined'
        when missing is not null then 'violation'
        when is_resolved then 'compliant'
        else 'pending'
    end as outcome,
    case when is_unclassified then 'not_classified' when missing is not null then 'missing_fields' end as reason,
    role,
    client_id,
    cast(null as varchar) as subject_id,
    detected_at as occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    severity as kind,
    case when not is_unclassified then 'Missing: ' || missing || '.' end as detail
from judged
