"""Every check's SQL against a plain reading of what it counts, over many small worlds.

The worlds are made so that ties, first and last instants, clock changes, gaps and unknown ids are the rule. What they
must reach is written down too: each check meets every outcome and reason that its page knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pytest
from duckdb import DuckDBPyConnection as Connection
from hypothesis import given
from hypothesis import strategies as st

from audit import store
from audit.catalog import Check, load_catalog
from tests.generative.houses import house
from tests.generative.worlds import World, made, opened, smallest, worlds
from tests.oracle import READINGS, Facts, Verdict, read
from tests.spec import world as spec
from tests.spec.test_reasons import counted

CATALOG = load_catalog()
EVENTS = ("processing_activities", "identities", "processing_events")
BREACHES = ("incidents", "incident_events")
# What each check is about: the tables its worlds have rows in.
TABLES: dict[str, tuple[str, ...]] = {
    "lawful_basis": EVENTS,
    "consent_coverage": (*EVENTS, "consents"),
    "consent_records": (*EVENTS, "consents", "cookie_events"),
    "communication_preferences": (*EVENTS, "communication_preferences"),
    "cookie_consent": ("cookie_events", "consents", "identities"),
    "scope_of_processing": EVENTS,
    "processor_scope": (*EVENTS, "contracts"),
    "third_party_agreements": (*EVENTS, "cookie_events", "recipients"),
    "third_country_transfers": (*EVENTS, "cookie_events", "recipients"),
    "access_authorisation": (*EVENTS, "access_grants"),
    "retention": ("data_records", "identities", "retention_rules", "legal_holds", "subjects", "contracts"),
    "erasure_effectiveness": ("requests", "identities", "processing_events", "data_records", "legal_holds"),
    "incident_response": BREACHES,
    "breach_documentation": BREACHES,
    "breach_notification_authority": BREACHES,
    "breach_notification_controller": (*BREACHES, "contracts"),
    "breach_communication_subjects": BREACHES,
    "request_deadlines": ("requests",),
    "ropa_completeness": ("processing_activities",),
    "policy_review": ("policy_versions",),
    "log_coverage": ("processing_events", "data_records", "consents", "communication_preferences", *BREACHES,
                     "requests", "cookie_events"),
}  # fmt: skip


def facts(world: World) -> Facts:
    under = house(world.house)
    return Facts(dict(world.tables), world.asked, under.law, under.policy)


def by_sql(check: Check, world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of a check's SQL by the item's table and key."""
    with opened(world) as con:
        return by_sql_in(con, check, world)


def by_sql_in(con: Connection, check: Check, world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """The same, of a world that the database holds."""
    found = spec.rows(con, world.asked.within(check.sql))
    items = {(row.get("item_table") or check.unit, row["item"]): row for row in found}
    assert len(items) == len(found), "an item was judged twice"
    return items


def differences(check: Check, world: World, ours: dict[tuple[str, str], Verdict]) -> list[str]:
    """Where SQL and oracle do not say the same."""
    theirs = by_sql(check, world)
    wrong = [f"{item} is judged by SQL only" for item in theirs.keys() - ours.keys()]
    wrong += [f"{item} is judged by the oracle only" for item in ours.keys() - theirs.keys()]
    return wrong + [
        f"{item}: SQL says {said(theirs[item])}, the oracle {ours[item]}"
        for item in theirs.keys() & ours.keys()
        if not same(theirs[item], ours[item])
    ]


def agree(check: Check, world: World) -> Iterable[Verdict]:
    """What both say of a world; fails with the smallest world in which SQL and oracle differ."""
    ours = read(check.name, facts(world))
    if differences(check, world, ours):
        differ = lambda fewer: differences(check, fewer, read(check.name, facts(fewer)))  # noqa: E731
        world = smallest(world, lambda fewer: bool(differ(fewer)))
        rows = [f"{table}: {plain(row)}" for table, rows in world.tables.items() for row in rows]
        pytest.fail("\n".join([*differ(world), str(world.asked), *rows]))
    return ours.values()


def plain(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)


def said(row: dict[str, Any]) -> str:
    return ", ".join(str(row[name]) for name in ("outcome", "reason", "role", "client_id", "amount", "due_at"))


def same(row: dict[str, Any], verdict: Verdict) -> bool:
    """Whether a row says what the oracle says; how late it is counts where it is late."""
    plain = all(row[name] == getattr(verdict, name) for name in ("outcome", "reason", "role", "client_id"))
    plain = plain and all(row[name] == value for name, value in verdict.shown.items())
    if verdict.outcome != "violation" or not plain:
        return plain
    return same_amount(row["amount"], verdict.amount) and (not verdict.due or same_due(row["due_at"], verdict.due))


def same_amount(found: float | None, expected: float | None) -> bool:
    return found is None if expected is None else found is not None and abs(found - expected) < 1e-6


def same_due(found: date | datetime | None, expected: date | datetime) -> bool:
    """A last day given as its last instant is that day."""
    if isinstance(found, datetime) and not isinstance(expected, datetime):
        return found.date() == expected
    return found == expected


# Of these a world shows few items, or some reason seldom holds.
RARE = ("lawful_basis", "policy_review", "ropa_completeness", "incident_response", "breach_notification_authority",
        "breach_communication_subjects", "consent_records", "erasure_effectiveness")  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(READINGS) & set(CATALOG)))
def test_sql_and_oracle_agree(name: str) -> None:
    check = CATALOG[name]
    met: Counter[tuple[str, str | None]] = Counter()

    @made(60 if name in RARE else 20)
    @given(worlds(*TABLES[name], under="example"))
    def over_worlds(world: World) -> None:
        met.update((v.outcome, v.reason) for v in agree(check, world))

    over_worlds()
    assert not counted(check) - set(met), f"the worlds reached no more than {met}"


# What a check takes from the law or the policy must be nowhere in its SQL; the zone is in all of them.
RULED = {
    under: [name for name, check in CATALOG.items() if any(read.startswith(f"{schema}.") for read in check.reads)]
    for under, schema in (("changing law", "law"), ("stricter policy", "house"))
}
ELSEWHERE = [*RULED.items(), ("the Azores", list(CATALOG))]
SELDOM = ("third_country_transfers", "policy_review", "log_coverage")  # of these a world shows few items


@pytest.mark.parametrize(("under", "name"), [(under, name) for under, names in ELSEWHERE for name in names])
def test_sql_and_oracle_agree_under_other_law_and_other_policies(under: str, name: str) -> None:
    check = CATALOG[name]
    met: Counter[str] = Counter()

    @made(16 if under in RULED or name in SELDOM else 8)
    @given(worlds(*TABLES[name], under=under))
    def over_worlds(world: World) -> None:
        met.update(v.outcome for v in agree(check, world))

    over_worlds()
    assert met["compliant"]
    assert met["violation"]


# A key with more rows than this has its stretches in parts (sql/derived): no world is that large, so that parts are made small.
ROWS_OF_A_PART = "/ 500)"
IN_PARTS = {"consent_coverage": "consent_intervals", "cookie_consent": "consent_intervals",
            "communication_preferences": "preference_intervals"}  # fmt: skip


@pytest.mark.parametrize(("name", "table"), IN_PARTS.items())
def test_sql_and_oracle_agree_where_stretches_lie_in_parts(name: str, table: str) -> None:
    select, check = store.sql_file(f"derived/{table}"), CATALOG[name]
    assert ROWS_OF_A_PART in select
    parts = set()

    @made(30)
    @given(worlds(*TABLES[name]), st.integers(1, 3))
    def over_worlds(world: World, rows: int) -> None:
        with opened(world) as con:
            con.execute(f"CREATE OR REPLACE VIEW core.{table} AS {select.replace(ROWS_OF_A_PART, f'/ {rows})')}")
            parts.update(part for (part,) in con.execute(f"SELECT DISTINCT part FROM core.{table}").fetchall())
            items = by_sql_in(con, check, world)
        ours = read(name, facts(world))
        assert items.keys() == ours.keys()
        assert [(item, said(row)) for item, row in items.items() if not same(row, ours[item])] == []

    over_worlds()
    assert len(parts) > 2


def test_there_is_a_reading_of_every_check() -> None:
    assert set(READINGS) == set(TABLES)
    assert set(CATALOG) <= set(READINGS)
