"""Every worked case of every check's page, on a fresh database."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from audit.casebook import Case
from audit.catalog import Check, load_catalog
from audit.contract import load_contracts
from audit.judge import group_events, judge
from audit.results import Count
from audit.store import DERIVED, VIEWS
from tests.spec import world

CATALOG = load_catalog()
CASES = [(check, case) for check in CATALOG.values() for case in check.cases]
KINDS = ("Compliant", "Violation", "Undetermined", "Pending", "Edge", "No rows")

each_check = pytest.mark.parametrize("check", CATALOG.values(), ids=CATALOG.keys())
each_case = pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{k.name}: {c.name}" for k, c in CASES])


@dataclass(frozen=True)
class Said:
    """What is said of a case: by the check's SQL of each item, and by the engine, which keeps some and counts all."""

    check: Check
    case: Case
    found: list[dict[str, Any]]
    kept: list[dict[str, Any]]
    counts: tuple[Count, ...]


@cache
def said(number: int) -> Said:
    """A case judged on a database of its own, once for all that is asked of it."""
    check, case = CASES[number]
    with world.world(case) as con:
        found = world.judge(con, check, case)
        judged = judge(con, check, world.asked(case))
        kept = world.rows(con, f"SELECT item_table, item, outcome, reason FROM {judged.relation}")
    return Said(check, case, found, kept, judged.counts)


@each_case
def test_the_check_says_what_its_page_says(number: int) -> None:
    case = said(number).case
    found = {_key(row): row for row in said(number).found}
    expected = {_key(row): row for row in case.expected}
    assert len(expected) == len(case.expected)
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        wrong = {c: found[key][c] for c, cell in row.items() if not world.same(found[key][c], cell)}
        assert not wrong, f"{key}: line {case.line} expects otherwise"


@each_case
def test_no_reason_is_given_that_the_page_does_not_know(number: int) -> None:
    for row in said(number).found:
        assert row["outcome"] in ("compliant", "violation", "pending", "undetermined")
        if row["outcome"] in ("violation", "undetermined") or row["reason"]:
            assert said(number).check.reason_text(row["outcome"], row["reason"])


@each_case
def test_each_item_occurs_once(number: int) -> None:
    found = said(number).found
    assert len({_key(row) for row in found}) == len(found)


@each_case
def test_the_engine_finds_and_counts_what_the_sql_says_of_every_item(number: int) -> None:
    """However it gets there: by groups of events, by the suspects among them, or by folding what is compliant."""
    found = said(number).found
    faulty = [row for row in found if row["outcome"] != "compliant"]
    assert _bag(said(number).kept, ["item", "outcome", "reason"]) == _bag(faulty, ["item", "outcome", "reason"])
    names = [
        name
        for name in ("outcome", "reason", "role", "client_id", "system_id", "purpose", "kind")
        if name in (found or [{}])[0]
    ]
    counted = [{name: getattr(count, name) for name in names} for count in said(number).counts for _ in range(count.n)]
    assert _bag(counted, names) == _bag(found, names)


@each_check
def test_the_page_has_a_case_of_each_kind(check: Check) -> None:
    kinds = {case.name.split(":")[0] for case in check.cases}
    assert kinds <= set(KINDS)
    assert {"Compliant", "Violation", "Edge", "No rows"} <= kinds
    empty = next(case for case in check.cases if case.name == "No rows")
    assert not empty.tables
    assert not empty.expected


@each_check
def test_every_reason_has_a_case(check: Check) -> None:
    shown = {(row["outcome"], row["reason"]) for case in check.cases for row in case.expected if row.get("reason")}
    assert shown == {(outcome, reason) for outcome, reasons in check.reasons.items() for reason in reasons}


@each_check
def test_every_reason_is_explained_on_the_page(check: Check) -> None:
    counted = re.split(r"^## ", check.page, flags=re.MULTILINE)[2]
    for reasons in check.reasons.values():
        for reason in reasons:
            assert f"`{reason}`" in counted


@each_check
def test_the_sql_reads_what_it_declares(check: Check) -> None:
    read = set()
    with world.empty() as con:
        for name in DERIVED:
            con.execute(f"CREATE TEMP TABLE kept AS FROM core.{name}; DROP VIEW core.{name}")
            con.execute(f"CREATE TABLE core.{name} AS FROM kept; DROP TABLE kept")
        group_events(con, world.asked(check.cases[0]))
        for sql in filter(None, [check.sql, check.population_sql, check.suspects_sql, *check.extras.values()]):
            names = con.get_table_names(world.bind(sql, check.cases[0]), qualified=True)
            read |= {name.split(" AS ")[0] for name in names} | {f"core.{v}" for v in VIEWS if f"core.{v}" in sql}
    assert read == set(check.reads)


@each_check
def test_the_columns_are_the_agreed_ones(check: Check) -> None:
    with world.empty() as con:
        described = con.execute(f"DESCRIBE ({world.bind(check.sql, check.cases[0])})").fetchall()
        types = {row[0]: row[1] for row in described}
        assert tuple(types)[:11] == world.FIRST
        assert set(types) >= {"kind", "detail"}
        for name in ("item", "outcome", "reason", "role", "client_id", "subject_id", "kind", "detail"):
            assert types[name] == "VARCHAR", name
        assert types["occurred_at"] == "TIMESTAMP WITH TIME ZONE"
        assert types["due_at"] in ("DATE", "TIMESTAMP WITH TIME ZONE")
        assert types["amount"] == "DOUBLE"
        for entry in check.evidence:
            sql = (
                f"SELECT 1 FROM ({world.bind(check.sql, check.cases[0])}) AS f JOIN {entry.table} AS t ON {entry.where}"
            )
            con.execute(sql)


@each_check
def test_unit_and_key_are_the_contracts(check: Check) -> None:
    contract = load_contracts()[check.unit]
    assert check.key in {column.name for column in contract.columns}


@each_check
def test_further_tables_can_be_asked_for(check: Check) -> None:
    for case in check.cases if check.extras else ():
        with world.world(case) as con:
            for sql in check.extras.values():
                con.execute(world.bind(sql, case)).fetchall()


def test_suspects_take_the_place_of_their_own_table_alone() -> None:
    """Not of another whose name begins as that of the unit."""
    check = CATALOG["access_authorisation"]
    both = "core.processing_events semi join core.processing_events_as_logged using (event_id)"
    assert "from core.processing_events\n" in check.sql
    longer = replace(check, sql=check.sql.replace("from core.processing_events\n", f"from {both}\n"))
    case = check.cases[0]
    with world.world(case) as con:
        counts = [judge(con, one, world.asked(case)).counts for one in (check, longer)]
    assert counts[0] == counts[1] != ()


def test_the_preferences_speak_of_the_contracts_channels() -> None:
    from audit import store

    columns = {column.name: column for column in load_contracts()["communication_preferences"].columns}
    channels = set(re.findall(r"\('(\w+)'\)", store.sql_file("derived/preference_intervals")))
    assert channels | {"any"} == set(columns["channel"].values)


def _key(row: dict[str, Any]) -> tuple[str | None, str]:
    return row.get("item_table"), row["item"]


def _bag(rows: list[dict[str, Any]], names: list[str]) -> list[str]:
    return sorted(repr([row[name] for name in names]) for row in rows)
