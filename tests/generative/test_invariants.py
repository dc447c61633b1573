"""What must hold of every check whatever the data: moved instants, refused rows, other orders, narrower scopes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.catalog import Check, load_catalog
from audit.judge import DIMENSIONS, judge
from audit.results import OUTCOMES
from audit.run import open_workbench
from audit.sources.load import load
from tests.generative.test_oracle import TABLES, by_sql, by_sql_in, facts
from tests.generative.vocabulary import DAY
from tests.generative.worlds import CONTRACTS, DEEP, World, made, opened, world_of, worlds
from tests.oracle import Verdict, read
from tests.spec import world as spec

CATALOG = load_catalog()
each_check = pytest.mark.parametrize("check", CATALOG.values(), ids=CATALOG.keys())
# Units that are not rows: a source is a system of a table, and of a document the newest version is judged.
NOT_ROWS = ("log_coverage", "policy_review")
TOO_LATE = ("late", "overdue", "still_held", "disposed_late", "review_overdue")
FEW = 2  # worlds, each asked several times


@each_check
def test_what_happens_at_or_after_as_of_changes_nothing(check: Check) -> None:
    @made(FEW)
    @given(worlds(*TABLES[check.name]))
    def over_worlds(world: World) -> None:
        known = facts(world)
        as_known = {t: [known.as_known(t, row) for row in known.begun(t)] for t in world.tables}
        assert without_position(by_sql(check, world)) == without_position(by_sql(check, world.having(**as_known)))

    over_worlds()


@each_check
def test_the_order_of_rows_changes_nothing(check: Check) -> None:
    @made(FEW)
    @given(worlds(*TABLES[check.name]), st.integers(0, 99))
    def over_worlds(world: World, seed: int) -> None:
        shuffled = {table: Random(seed).sample(rows, len(rows)) for table, rows in world.tables.items()}
        assert without_position(by_sql(check, world)) == without_position(by_sql(check, world.having(**shuffled)))

    over_worlds()


@each_check
def test_what_was_too_late_is_never_awaited_again(check: Check) -> None:
    @made(FEW)
    @given(worlds(*TABLES[check.name]), st.integers(0, 130))
    def over_worlds(world: World, days: int) -> None:
        then = by_sql(check, world)
        later = by_sql(check, world.asking(as_of=world.asked.as_of + days * DAY))
        late = {k for k, row in then.items() if row["outcome"] == "violation" and row["reason"].startswith(TOO_LATE)}
        assert [later[key] for key in late & later.keys() if later[key]["outcome"] == "pending"] == []

    over_worlds()


@each_check
def test_the_counts_are_those_of_the_population(check: Check) -> None:
    """Items are rows of the unit, the five counts add up to them, and a scope holds its part of each count."""

    @made(FEW)
    @given(worlds(*TABLES[check.name]), st.sampled_from(SCOPES))
    def over_worlds(world: World, scope: dict[str, str]) -> None:
        with opened(world) as con:
            items = by_sql_in(con, check, world)
            judged = judge(con, check, world.asked)
            kept = spec.rows(con, f"SELECT item, outcome, reason FROM {judged.relation}")
            whole, part = judged.counts, judge(con, check, world.asking(**scope).asked).counts
            assert {c.role for c in whole} <= {"controller", "processor"}, "the roles add up to the whole"
            faulty = [row for row in items.values() if row["outcome"] != "compliant"]
            assert bag(kept, ["item", "outcome", "reason"]) == bag(faulty, ["item", "outcome", "reason"])
        assert check.name in NOT_ROWS or all(is_row(world, *item) for item in items)
        assert {dimensions(vars(count), count.month): count.n for count in whole} == counted(world, items)
        assert part == tuple(c for c in whole if all(getattr(c, name) == value for name, value in scope.items()))

    over_worlds()


def counted(world: World, items: dict[Any, dict[str, Any]]) -> Counter[tuple[str | None, ...]]:
    """How many items there are of each outcome and reason, in each dimension."""
    return Counter(dimensions(row, month(world, row["occurred_at"])) for row in items.values())


def dimensions(row: dict[str, Any], month: str | None) -> tuple[str | None, ...]:
    """What items are counted by."""
    return *(row.get(name) for name in ("outcome", "reason", *DIMENSIONS) if name != "month"), month


def month(world: World, instant: datetime | None) -> str | None:
    """The month of the period that an instant lies in."""
    months = world.asked.period.months() if instant else []
    return next((label for label, start, end in months if start <= instant < end), None)


SCOPES = [{"client_id": "c1"}, {"client_id": "c2"}, {"role": "controller"}, {"role": "processor"},
          {"client_id": "c1", "role": "processor"}]  # fmt: skip


def is_row(world: World, table: str, item: str) -> bool:
    (key,) = CONTRACTS[table].key
    return item in [row[key] for row in world.tables[table]]


def of_events(check: Check) -> bool:
    """Whether it looks at suspect groups of events only."""
    return check.suspects_sql is not None and "core.event_groups" in check.reads


@pytest.mark.parametrize("check", [c for c in CATALOG.values() if of_events(c)], ids=lambda check: check.name)
def test_no_group_of_events_hides_a_finding(check: Check) -> None:
    """Of a few kinds of events that happen again and again, between what begins and ends, the engine misses none."""
    kind = (
        "client_id",
        "system_id",
        "activity_id",
        "operation",
        "channel",
        "data_category",
        "recipient_id",
        "actor_id",
    )
    sizes: set[int] = set()

    @made(12)
    @given(worlds(*TABLES[check.name]), st.integers(0, 99))
    def over_worlds(world: World, seed: int) -> None:
        random, events = Random(seed), world.tables["processing_events"]
        reasons = {v.reason: v.item for v in read(check.name, facts(world)).values() if v.table == check.unit}
        models = [row for row in events if row["event_id"] in reasons.values()] or events
        alike = [row | {name: model[name] for name in kind} for row in events for model in [random.choice(models)]]
        world = world.having(processing_events=alike)
        with opened(world) as con:
            items = by_sql_in(con, check, world).values()
            kept = spec.rows(con, f"SELECT item, outcome, reason FROM {judge(con, check, world.asked).relation}")
            sizes.update(row["n"] for row in spec.rows(con, "SELECT n FROM core.event_groups"))
        faulty = [row for row in items if row["outcome"] != "compliant"]
        assert bag(kept, ["item", "outcome", "reason"]) == bag(faulty, ["item", "outcome", "reason"])

    over_worlds()
    assert max(sizes) > 3


@pytest.mark.parametrize(
    "check", [c for c in CATALOG.values() if c.suspects_sql and not of_events(c)], ids=lambda c: c.name
)
def test_no_row_that_is_passed_over_is_otherwise_than_the_population_says(check: Check) -> None:
    passed_over: Counter[str | None] = Counter()

    @made(15)
    @given(worlds(*TABLES[check.name]))
    def over_worlds(world: World) -> None:
        with opened(world) as con:
            items = by_sql_in(con, check, world)
            counts = judge(con, check, world.asked).counts
            suspects = {item for (item,) in con.execute(f"SELECT {check.key} FROM temp.suspect_rows").fetchall()}
        assert {dimensions(vars(count), count.month): count.n for count in counts} == counted(world, items)
        passed_over.update(row["reason"] for (_, item), row in items.items() if item not in suspects)

    over_worlds()
    assert None in passed_over
    assert ("not_due" in passed_over) == ("not_due" in check.reasons.get("compliant", {}))


@each_check
def test_an_item_and_its_reason_keep_their_finding_id(check: Check) -> None:
    @made(FEW)
    @given(worlds(*TABLES[check.name]), st.integers(0, 99))
    def over_worlds(world: World, seed: int) -> None:
        later = world.asking(as_of=world.asked.as_of + timedelta(days=seed))
        shuffled = later.having(**{t: Random(seed).sample(rows, len(rows)) for t, rows in world.tables.items()})
        ids, again = finding_ids(check, world), finding_ids(check, shuffled)
        assert len(set(ids.values())) == len(ids)
        assert {k: again[k] for k in ids.keys() & again.keys()} == {k: ids[k] for k in ids.keys() & again.keys()}

    over_worlds()


@pytest.mark.parametrize("name", sorted({"retention", "request_deadlines", "consent_coverage"} & set(CATALOG)))
def test_waivers_cover_what_they_say_while_they_last(name: str) -> None:
    check = CATALOG[name]

    @made(6)
    @given(worlds(*TABLES[name], "waivers"), st.integers(0, 99))
    def over_worlds(world: World, seed: int) -> None:
        verdicts, random = read(name, facts(world)), Random(seed)
        broken = [v for v in verdicts.values() if v.outcome == "violation"]
        for waiver in world.tables["waivers"]:
            waiver["check"] = random.choice([name, name, name, "log_coverage"])
            waiver["item_key"] = random.choice([None, *[v.item for v in broken]])
            waiver["reason"] = random.choice([None, *[v.reason for v in broken]])
        with opened(world) as con:
            relation = judge(con, check, world.asked).relation
            found = spec.rows(con, f"SELECT * FROM {relation} WHERE outcome IN ('violation', 'waived')")
        waived = {row["item"] for row in found if row["outcome"] == "waived"}
        assert len(found) == len(broken)
        assert waived == {v.item for v in broken if any(covered(world, name, w, v) for w in world.tables["waivers"])}

    over_worlds()


def covered(world: World, check: str, waiver: dict[str, Any], verdict: Verdict) -> bool:
    """Whether a waiver in force on the as-of date is for this violation."""
    today = facts(world).today
    return (
        waiver["check"] == check
        and waiver["granted_on"] <= today < waiver["expires_on"]
        and waiver["reason"] in (None, verdict.reason)
        and waiver["item_key"] in (None, verdict.item)
        and waiver["client_id"] in (None, verdict.client_id)
    )


EVERY = tuple(dict.fromkeys(table for tables in TABLES.values() for table in tables))


@pytest.mark.parametrize("seed", range(max(1, 2 * DEEP)))
def test_a_loaded_world_is_judged_alike_and_refused_rows_change_nothing(tmp_path: Path, seed: int) -> None:
    """From files to findings, as a user goes; then once more with rows among them that break their contracts."""
    world = world_of(seed, *EVERY)
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    write(clean, world.tables)
    write(dirty, {table: [*rows, *refused(table, rows)] for table, rows in world.tables.items()})
    expected = {name: said_by_oracle(name, world) for name in CATALOG}
    assert answers(tmp_path / "clean.db", clean, world, refuses=False) == expected
    assert answers(tmp_path / "dirty.db", dirty, world, refuses=True) == expected


def write(folder: Path, tables: Any) -> None:
    folder.mkdir()
    for table, rows in tables.items():
        lines = [
            json.dumps({name: cell(table, row, name) for name in row if not name.endswith("_is_date")}) for row in rows
        ]
        if lines:
            (folder / f"{table}.jsonl").write_text("\n".join(lines) + "\n")


def cell(table: str, row: dict[str, Any], name: str) -> Any:
    value = row[name]
    if isinstance(value, datetime):
        return value.astimezone(spec.ZONE).date().isoformat() if row.get(f"{name}_is_date") else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value


def refused(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that break the table's contract, each otherwise like one that is there."""
    contract, broken = CONTRACTS[table], []
    for number, row in enumerate(rows[:5]):
        new = row | {contract.key[0]: f"refused {number}"} if contract.key else dict(row)
        required = [c for c in contract.columns if c.required]
        broken.append(new | {required[number % len(required)].name: None})
        dated = [c.name for c in contract.columns if c.type in ("timestamp", "date")]
        if dated:
            broken.append(new | {dated[number % len(dated)]: "next week"})
        if contract.key:
            other = next(
                c for c in contract.columns if c.name not in contract.key and c.type == "text" and not c.values
            )
            broken.append(row | {other.name: "the same key with other content"})
    return broken


def answers(db: Path, folder: Path, world: World, refuses: bool) -> dict[str, Any]:
    """What the workbench says of each check over files."""
    load(db, [folder], spec.POLICY)
    said = {}
    with open_workbench(db, world.asked.period.label, as_of=world.asked.as_of.isoformat()) as workbench:
        rejected = spec.rows(workbench.con, "FROM raw.rejected_rows")
        assert bool(rejected) == refuses, rejected
        for name in CATALOG:
            one = workbench[name]
            findings = {(f.item_table, f.item_key, f.outcome, f.reason) for f in one.findings()}
            said[name] = findings, {outcome: one.count(outcome) for outcome in OUTCOMES}
    return said


def said_by_oracle(name: str, world: World) -> tuple[set[tuple[str, str, str, str | None]], dict[str, int]]:
    verdicts = read(name, facts(world)).values()
    findings = {(v.table, v.item, v.outcome, v.reason) for v in verdicts if v.outcome in ("violation", "undetermined")}
    return findings, {outcome: sum(v.outcome == outcome for v in verdicts) for outcome in OUTCOMES}


def without_position(items: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Rows of a check without the place they were read from."""
    return {key: {name: v for name, v in row.items() if name != "source_row"} for key, row in items.items()}


def bag(rows: Any, names: list[str]) -> list[str]:
    return sorted(repr([row[name] for name in names]) for row in rows)


def finding_ids(check: Check, world: World) -> dict[tuple[str, str, str], str]:
    with opened(world) as con:
        relation = judge(con, check, world.asked).relation
        rows = spec.rows(con, f"SELECT * FROM {relation} WHERE outcome IN ('violation', 'undetermined')")
    return {(row["item_table"], row["item"], row["reason"]): row["finding_id"] for row in rows}
