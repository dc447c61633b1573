with incidents as (
    select *, personal_data_breach is null as is_unclassified, finished_at is not null as is_resolved
    from open_incidents('resolved', $start, $end, $as_of)
    where personal_data_breach is null or personal_data_breach
),
judged as (
    -- before an incident is resolved only its facts can be asked for
    select
        *,
        nullif(concat_ws(', ',
            case when facts is null then 'facts' end,
            case when is_resolved and effects is null then 'effects' end,
            case when is_resolved and remedial_action is null then 'remedial_action' end
        ), '') as missing
    from incidents
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
