"""Whatever two periods found: each finding goes into one flow, as a plain reading of the rules puts it there."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from audit.comparing import flows_of
from audit.store import Connection, scratch
from tests.generative.worlds import made

ITEMS = [
    ("check_a", "requests", "1"),
    ("check_a", "requests", "2"),
    ("check_a", "contracts", "1"),
    ("check_b", "requests", "1"),
]
OUTCOMES = ("violation", "waived", "undetermined", "pending", "compliant", "absent")
JUDGED = st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(("late", "overdue")))
PERIOD = st.fixed_dictionaries(dict.fromkeys(ITEMS, JUDGED))
FOUND = OUTCOMES[:3]
Period = dict[tuple[str, str, str], tuple[str, str]]


def expected(now: Period, before: Period) -> dict[tuple[str, str, str], Counter[str]]:
    """By check, outcome and reason: how many findings are new, still open and so on."""
    flows: dict[tuple[str, str, str], Counter[str]] = {}
    for item in ITEMS:
        (outcome, reason), (was, why) = now[item], before[item]
        if outcome in FOUND:
            row = flows.setdefault((item[0], outcome, reason), Counter())
            row["still_open" if was in FOUND else "new"] += 1
            row["other_reason"] += was in FOUND and why != reason
        elif was in FOUND:
            row = flows.setdefault((item[0], was, why), Counter())
            row["past" if outcome == "absent" else "resolved"] += 1
    return flows


def tables(con: Connection, now: Period, before: Period) -> None:
    """What a run keeps of each period: all but what is compliant; and what was judged compliant again."""
    columns = '"check" VARCHAR, client_id VARCHAR, item_table VARCHAR, item_key VARCHAR'
    for name, period in (("now", now), ("before", before)):
        con.execute(f"CREATE TEMP TABLE {name} ({columns}, outcome VARCHAR, reason VARCHAR, finding_id VARCHAR)")
        for item, (outcome, reason) in period.items():
            if outcome not in ("compliant", "absent"):
                con.execute(
                    f"INSERT INTO {name} VALUES (?, NULL, ?, ?, ?, ?, ?)", [*item, outcome, reason, f"{item}{reason}"]
                )
    con.execute(f"CREATE TEMP TABLE again ({columns})")
    for item in (item for item in ITEMS if now[item][0] == "compliant" and before[item][0] in FOUND):
        con.execute("INSERT INTO again VALUES (?, NULL, ?, ?)", [*item])


@made(50)
@given(PERIOD, PERIOD)
def test_each_finding_is_in_one_flow(now: Period, before: Period) -> None:
    with scratch() as con:
        tables(con, now, before)
        found = {(c, f.outcome, f.reason): f for c, flows in flows_of(con).items() for f in flows}
    wanted = expected(now, before)
    assert found.keys() == wanted.keys()
    for key, flow in found.items():
        assert {name: getattr(flow, name) for name in ("new", "still_open", "other_reason", "resolved", "past")} == {
            name: wanted[key][name] for name in ("new", "still_open", "other_reason", "resolved", "past")
        }
    parts = Counter[str]()
    for flow in found.values():
        parts += Counter({n: getattr(flow, n) for n in ("new", "still_open", "resolved", "past")})
    assert parts["new"] + parts["still_open"] == sum(outcome in FOUND for outcome, _ in now.values())
    assert parts["still_open"] + parts["resolved"] + parts["past"] == sum(was in FOUND for was, _ in before.values())


@made(20)
@given(PERIOD)
def test_a_period_beside_itself_is_all_still_open(period: Period) -> None:
    with scratch() as con:
        tables(con, period, period)
        for flows in flows_of(con).values():
            for flow in flows:
                assert (flow.new, flow.other_reason, flow.resolved, flow.past) == (0, 0, 0, 0)
