-- The consents that lack a mark of their record, and those an event may have relied on before they were recorded, by
-- their position. Of these all that were given for one purpose at one instant: which of them decides is asked of all.
with purposes as (
    -- a number takes a fraction of its purpose's room where millions of consents are held in memory
    select activity_id, purpose, cast(dense_rank() over (order by purpose) as integer) as purpose_no
    from core.processing_activities
    where legal_basis = 'consent'
),
given as not materialized (
    select
        subject_id, coalesce(client_id, '') as client_key, purpose, effective_at, recorded_at,
        evidence_ref is null or method is null or notice_version is null as lacks_any, source_id, source_row
    from core.consents
    where status = 'given'
      and effective_at >= $start and effective_at < $end and effective_at < $as_of
),
relied_on as (
    select l.subject_id, l.client_key, l.purpose, l.effective_at
    from (
        select g.subject_id, g.client_key, g.purpose, a.purpose_no, g.effective_at, g.recorded_at
        from given as g
        join (select distinct purpose, purpose_no from purposes) as a on a.purpose = g.purpose
        where g.recorded_at > g.effective_at
    ) as l
    semi join (
        select e.subject_id, coalesce(e.client_id, '') as client_key, a.purpose_no, e.occurred_at
        from core.processing_events as e
        join purposes as a on a.activity_id = e.activity_id
        where e.occurred_at >= $start and e.occurred_at < $as_of
    ) as e
        on e.subject_id = l.subject_id and e.client_key = l.client_key and e.purpose_no = l.purpose_no
       and l.effective_at <= e.occurred_at and e.occurred_at < l.recorded_at
    union all
    select l.subject_id, l.client_key, 'cookies:' || l.purpose as purpose, l.effective_at
    from (
        -- the prefix of a visitor's purposes is taken off here, not put on every event
        select subject_id, client_key, substr(purpose, 9) as purpose, effective_at, recorded_at
        from given
        where client_key = '' and purpose like 'cookies:%' and recorded_at > effective_at
    ) as l
    semi join (
        select visitor_id, purpose, occurred_at
        from core.cookie_events
        where purpose <> 'necessary' and occurred_at >= $start and occurred_at < $as_of
    ) as e
        on e.visitor_id = l.subject_id and e.purpose = l.purpose
       and l.effective_at <= e.occurred_at and e.occurred_at < l.recorded_at
)
select source_id, source_row
from given
where lacks_any
union
select g.source_id, g.source_row
from given as g
semi join relied_on as r
    on r.subject_id = g.subject_id and r.client_key = g.client_key and r.purpose = g.purpose
   and r.effective_at = g.effective_at
