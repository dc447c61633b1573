with activities as (
    select
        *,
        third_countries is not null and safeguards is null as lacks_safeguards
    from core.processing_activities
    where coalesce(valid_from, date '0001-01-01') < $end_on
      and coalesce(valid_from, date '0001-01-01') <= $as_of_on
      and coalesce(valid_to, date '9999-12-31') > $start_on
      and coalesce(valid_to, date '9999-12-31') > coalesce(valid_from, date '0001-01-01')
      and $as_of_on >= $start_on
),
demanded as (
    -- GDPR 30(1) for the controller, 30(2) for the processor
    select
        *,
        case when role = 'controller' then
            nullif(concat_ws(', ',
                case when purpose is null then 'purpose (30(1)(b))' end,
                case when person_category is null then 'person_category (30(1)(c))' end,
                case when data_categories is null then 'data_categories (30(1)(c))' end,
                case when recipients is null then 'recipients (30(1)(d))' end,
                case when lacks_safeguards then 'safeguards (30(1)(e))' end,
                case when retention_rule_id is null then 'retention_rule_id (30(1)(f))' end,
                case when security_measures is null then 'security_measures (30(1)(g))' end
            ), '')
        else
            nullif(concat_ws(', ',
                case when client_id is null then 'client_id (30(2)(a))' end,
                case when name is null then 'name (30(2)(b))' end,
                case when lacks_safeguards then 'safeguards (30(2)(c))' end,
                case when security_measures is null then 'security_measures (30(2)(d))' end
            ), '')
        end as missing,
        nullif(concat_ws(', ',
            case when legal_basis is null then 'legal_basis' end,
            case when role = 'processor' and purpose is null then 'purpose' end,
            case when role = 'processor' and person_category is null then 'person_category' end,
            case when role = 'processor' and data_categories is null then 'data_categories' end
        ), '') as missing_promised
    from activities
),
judged as (
    select
        *,
        case
            when missing is not null then 'missing_fields'
            when missing_promised is not null then 'missing_promised_fields'
        end as reason
    from demanded
)
select
    activity_id as item,
    case when reason is null then 'compliant' else 'violation' end as outcome,
    reason,
    role,
    client_id,
    cast(null as varchar) as subject_id,
    cast(null as timestamptz) as occurred_at,
    cast(null as timestamptz) as due_at,
    cast(null as double) as amount,
    source_id,
    source_row,
    purpose,
    case when role = 'controller' then '30(1)' else '30(2)' end as kind,
    nullif(concat_ws(' ',
        'Missing: ' || missing || '.', 'Missing of what is promised besides: ' || missing_promised || '.'
    ), '') as detail
from judged
