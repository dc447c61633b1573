-- One incident every few days; each goes through its stages in order and well within every target, and a breach is
-- notified well within its time. Stages after the window have not happened.
create macro awake(t) as case when hour(t) = 2 then t + interval 1 hour else t end;

create table clients_throughout as
select client_id, row_number() over (order by client_id) - 1 as place, count(*) over () as n
from plan.contracts
group by client_id
having count(*) = 1 and max(contract_start::date) <= getvariable('first') and count(contract_end) = 0;

create table troubles as
with numbered as (
    select i, digest('incident/' || i) as h, pick(digest('incident/' || i), 1, (select max(upto) from mishaps)) as nth
    from (select unnest(occasions(getvariable('incident_every'))) as i) as n
)
select
    n.i, n.h, m.* exclude (place, upto, weight),
    awake(days_on(
        getvariable('first')::timestamp, (n.i + 0.3 * draw(n.h, 0)) * getvariable('incident_every')
    )) as detected_at,
    case when m.role = 'processor' then c.client_id end as client_id,
    m.personal_data_breach = 'true' and m.role = 'controller' as is_own,
    m.personal_data_breach = 'true' and m.role = 'processor' as is_clients
from numbered as n
join mishaps as m on n.nth >= m.upto - m.weight and n.nth < m.upto
left join clients_throughout as c on c.place = pick(n.h, 2, c.n);

create table stages as
with resolved as (
    select
        *, digest('stages/' || i) as g,
        case severity when 'critical' then 3.5 when 'high' then 4 else 4 end
            + draw(h, 3) * case severity when 'critical' then 2.5 when 'high' then 7 else 18 end as resolved_after
    from troubles
),
planned as (
    select i, unnest([
        {'stage': 'registered', 'after': (0.2 + 3 * draw(g, 0)) / 24},
        {'stage': 'analysed', 'after': (4 + 4 * draw(g, 1)) / 24},
        {'stage': 'prioritised', 'after': (9 + 4 * draw(g, 2)) / 24},
        {'stage': case when is_clients then 'controller_notified' end, 'after': (14 + 6 * draw(g, 3)) / 24},
        {'stage': case when is_own and risk <> 'unlikely' then 'authority_notified' end, 'after': (20 + 40 * draw(g, 3)) / 24},
        {'stage': case when is_own and risk = 'high' then 'subjects_notified' end, 'after': (61 + 8 * draw(g, 3)) / 24},
        {'stage': 'resolved', 'after': resolved_after},
        {'stage': 'evaluated', 'after': resolved_after + 3 + 14 * draw(g, 0)}
    ], recursive := true), detected_at
    from resolved
)
select i, stage, awake(days_on(detected_at, after)) as "at"
from planned
where stage is not null and awake(days_on(detected_at, after)) < getvariable('until');

insert into out.incidents by name
select
    numbered('INC-', t.i, 4) as incident_id, role, client_id, title, personal_data_breach, breach_types, severity, risk,
    awake(seconds_on(detected_at, -600 - 20000 * draw(h, 3))) as occurred_at,
    stamp(detected_at, 'offset') as detected_at,
    case
        when is_own and risk <> 'high' and draw(h, 3) < 0.25 then strftime(detected_at, '%Y-%m-%d')
        when draw(h, 3) > 0.6 then stamp(awake(seconds_on(detected_at, 300 + 6000 * draw(h, 2))), 'offset')
    end as aware_at,
    subjects_affected, data_categories, no_communication_ground, facts,
    case when r.i is not null then effects end as effects,
    case when r.i is not null then remedial_action end as remedial_action
from troubles as t
left join stages as r on r.i = t.i and r.stage = 'resolved';

insert into out.incident_events by name
select
    numbered('INC-', s.i, 4) as incident_id, s.stage, s."at",
    a.actor_id
from stages as s
join actors as a on a.system_id = 'targetprocess' and a.place = 0;
