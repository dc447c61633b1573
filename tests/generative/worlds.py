"""Small made-up worlds, full of what goes wrong: ties, first and last instants, clock changes, gaps, unknown ids.

A world has few instants, persons, clients and names, so that its rows meet each other all the time; many of its instants
lie exactly on a boundary, or one microsecond beside it. A world is drawn as one seed, from which its rows follow: drawing
every cell by itself costs hypothesis more than the checks cost. What its shrinking would do, ``smallest`` does.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection as Connection
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from audit import store
from audit.asked import Asked
from audit.contract import Column, Contract, Order, RequiredWhen, load_contracts
from audit.period import Period, local_date, midnight
from audit.persons import with_persons
from tests.generative.houses import HOUSES, House, house
from tests.generative.vocabulary import (
    CLOCK_CHANGES,
    DAY,
    FOLLOWS,
    GAPS,
    HOUR,
    LIMITS,
    MOST,
    NEAR,
    NOTICES,
    OWN,
    PERIODS,
    SHARED,
    SHIFTS,
    TEXT,
    TICK,
    TRAIL,
    TWINS,
    VALUES,
)
from tests.spec import world as spec

Row = dict[str, Any]
CONTRACTS = load_contracts()

# `make test-deep` sets this: so many times more worlds, and other ones each time.
DEEP = int(os.environ.get("AUDIT_DEEP", "0"))


def made(worlds: int) -> settings:
    """How many worlds a test makes; the same ones every time, save in the deep run."""
    return settings(
        max_examples=worlds * max(DEEP, 1),
        derandomize=not DEEP,
        database=None,
        deadline=None,
        phases=[Phase.generate],
    )


@dataclass(frozen=True)
class World:
    """The rows of each table, and what is asked."""

    asked: Asked
    tables: Mapping[str, list[Row]]
    house: str = "example"

    def __repr__(self) -> str:
        return f"World({self.asked.period.label} as of {self.asked.as_of}: {', '.join(self.tables)})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """As hypothesis shows it, which would warn of all its rows."""
        printer.text(repr(self))

    def asking(self, **other: Any) -> World:
        """The same rows, asked otherwise."""
        return replace(self, asked=replace(self.asked, **other))

    def having(self, **tables: list[Row]) -> World:
        """The same question over other rows of some tables."""
        return replace(self, tables={**self.tables, **tables})


def worlds(*tables: str, under: str | None = None) -> SearchStrategy[World]:
    """Worlds with rows in some tables, and a question to ask of each; ``under`` some law and policy, by default any."""
    names = list(HOUSES)
    return st.integers(0, 2**24 - 1).map(lambda n: world_of(n, *tables, under=under or names[n % len(names)]))


def world_of(seed: int, *tables: str, under: str = "example") -> World:
    """The world that a seed stands for."""
    made, asked = _Maker(Random(seed), house(under)).world(tables)
    return World(asked, made, under)


class _Maker:
    """Makes one world out of a seeded generator."""

    def __init__(self, random: Random, house: House) -> None:
        self.random = random
        self.zone = house.zone
        self.period = Period.parse(random.choice(PERIODS), self.zone)
        self.edges = _edges(self.period, house)
        self.few = [self._moment() for _ in range(random.randint(3, 5))]
        later = random.choice(self.few) + random.choice([d * DAY for d in (0, 0, 1, 3, 30, 31, 95)] + [TICK])
        self.asked = Asked(self.period, random.choice([self.period.end.astimezone(UTC), later]))
        self.few.append(self.asked.as_of)
        self.made: dict[str, list[Row]] = {}
        # Of the names that tables refer to each world knows a few only, so that they meet.
        self.names = {column: random.choices(VALUES[column], k=4) for column in SHARED}

    def world(self, tables: tuple[str, ...]) -> tuple[dict[str, list[Row]], Asked]:
        for table in tables:
            self.made[table] = self._trail(self.made["incidents"]) if table == "incident_events" else self._rows(table)
        return self.made, self.asked

    def _moment(self) -> datetime:
        if self.random.random() < 0.5:
            return self.random.choice(self.edges)
        length = (self.period.end - self.period.start) // HOUR
        return self.period.start.astimezone(UTC) + self.random.randint(-length // 3, length) * HOUR

    def _rows(self, table: str) -> list[Row]:
        """Rows of a table; now and then it has none."""
        number = self.random.choice([0, *[self.random.randint(1, MOST[table]), MOST[table]] * 4])
        rows: list[Row] = []
        for _ in range(number):
            row = self._row(CONTRACTS[table])
            if rows and self.random.random() < TWINS:
                twin = self.random.choice(rows)
                row = {name: self.random.choice([value, twin[name], twin[name]]) for name, value in row.items()}
            rows.append(row)
        return _lawful(CONTRACTS[table], rows, self.zone)

    def _row(self, contract: Contract) -> Row:
        row: Row = {}
        for column in contract.columns:
            if column.type not in ("timestamp", "date"):
                row[column.name] = self.random.choice(self._values(contract.table, column))
            elif self.random.random() < GAPS.get(column.name, 0):
                row[column.name] = None
            else:
                instant = self._instant(contract, column.name, row)
                row[column.name] = local_date(instant, self.zone) if column.type == "date" else instant
        for table, columns in FOLLOWS.get(contract.table, ()):
            if self.made.get(table) and self.random.random() < 0.5:
                followed = self.random.choice(self.made[table])
                row |= {name: followed[name] for name in columns}
        return row

    def _instant(self, contract: Contract, column: str, row: Row) -> datetime:
        """One of the world's few instants, or one as far from it as a limit is long.

        A log's rows begin so long before it, and half of what happens to them later is counted from their beginning.
        """
        few, shift = self.random.choice(self.few), self.random.choice(SHIFTS.get(contract.table, NEAR))
        if column == contract.instant:
            begins = few - shift
            at_midnight = midnight(local_date(begins, self.zone), self.zone).astimezone(UTC)
            return self.random.choice([begins] * 6 + [at_midnight, at_midnight - TICK])
        begun = row.get(contract.instant or "")
        return (begun if begun and self.random.random() < 0.5 else few) + shift

    def _values(self, table: str, column: Column) -> list[Any]:
        own = OWN.get(table, {}).get(column.name)
        if own is None:
            return self.names.get(column.name) or VALUES.get(column.name) or ([None] if column.is_list else TEXT)
        known = self.names.get(column.name, own)
        return [value for value in own if value in known or value not in VALUES.get(column.name, own)] or own

    def _trail(self, incidents: list[Row]) -> list[Row]:
        """What happened to incidents: each comes as far as it comes, mostly in order, often exactly in time."""
        rows = []
        for incident in incidents:
            at = incident["detected_at"]
            done = TRAIL[: self.random.choice([self.random.randint(0, len(TRAIL)), len(TRAIL)])]
            for stage in [*done, *self.random.choices([*TRAIL, "reopened"], k=self.random.choice([0, 0, 0, 2]))]:
                start = incident["aware_at" if stage in NOTICES and incident["aware_at"] else "detected_at"]
                limit = self.random.choice([timedelta(0), timedelta(0), HOUR, *LIMITS[stage]])
                then = start + limit + self.random.choice([timedelta(0), timedelta(0), TICK, -TICK])
                in_order = then if stage in NOTICES else max(at, then)
                at = self.random.choice([in_order] * 4 + [then, self.random.choice(self.few)])
                if self.random.random() < 0.9:
                    rows.append({"incident_id": incident["incident_id"], "stage": stage, "at": at, "actor_id": None})
        return _lawful(CONTRACTS["incident_events"], rows, self.zone)


def _edges(period: Period, house: House) -> list[datetime]:
    """Where a period begins and ends, the days of its clock change and of other law, and the instants just beside each."""
    found = [period.start, period.end, midnight(period.first + 14 * DAY, house.zone)]
    found += [midnight(day, house.zone) for day in house.changes if period.first <= day < period.until]
    for change in CLOCK_CHANGES:
        if period.start <= change < period.end:
            day = local_date(change, house.zone)
            found += [change, change - HOUR, midnight(day, house.zone), midnight(day + DAY, house.zone)]
    return [edge.astimezone(UTC) + shift for edge in found for shift in (timedelta(0), TICK, -TICK)]


def _lawful(contract: Contract, rows: list[Row], zone: ZoneInfo) -> list[Row]:
    """The rows as their contract allows them: ids, required values, ends after starts, no key twice."""
    kept: dict[tuple[Any, ...], Row] = {}
    for number, row in enumerate(rows):
        if len(contract.key) == 1 and contract.key[0] not in OWN.get(contract.table, {}):
            row[contract.key[0]] = f"{contract.table} {number}"
        for column in contract.columns:
            if column.required and row[column.name] is None:
                row[column.name] = "a text"
            if column.day_may_do:
                row[f"{column.name}_is_date"] = number % 4 == 0 and row[column.name] is not None
                if row[f"{column.name}_is_date"]:
                    row[column.name] = midnight(local_date(row[column.name], zone), zone).astimezone(UTC)
        for rule in contract.rules:
            _keep_rule(rule, row)
        kept.setdefault(tuple(map(str, map(row.get, contract.identity))), row)
    return list(kept.values())


def _keep_rule(rule: Order | RequiredWhen, row: Row) -> None:
    if isinstance(rule, RequiredWhen):
        if row[rule.when] == rule.equals and row[rule.column] is None:
            row[rule.column] = "c1"
    elif row[rule.start] is not None and row[rule.end] is not None and row[rule.end] < row[rule.start]:
        row[rule.start], row[rule.end] = row[rule.end], row[rule.start]


@contextmanager
def opened(world: World) -> Iterator[Connection]:
    """A database that holds a world: made once, each world undone."""
    con = _database(world.house)
    con.begin()
    try:
        for table, rows in world.tables.items():
            _fill(con, table, rows)
        yield con
    finally:
        con.rollback()


# The tables in which persons are looked up in identities, and what holds their rows as they were loaded.
_LOOKED_UP = {t: f"{t}_as_loaded" for t, contract in CONTRACTS.items() if with_persons(contract, "")} | {
    "processing_events": "processing_events_as_logged"
}


@cache
def _database(name: str) -> Connection:
    stack = ExitStack()
    atexit.register(stack.close)
    con = stack.enter_context(spec.empty(house(name).law, house(name).policy))
    # As the store does it where there are identities: one person under several ids.
    con.execute("DROP VIEW core.processing_events_as_logged")
    con.execute(store._RESOLVED.replace("ALTER VIEW", "ALTER TABLE"))
    for table, loaded in _LOOKED_UP.items():
        if loaded.endswith("_as_loaded"):
            con.execute(f"ALTER TABLE core.{table} RENAME TO {loaded}")
            con.execute(f"CREATE VIEW core.{table} AS {with_persons(CONTRACTS[table], f'FROM core.{loaded}')}")
    for view in store.VIEWS:
        con.execute(f"CREATE OR REPLACE VIEW core.{view} AS {store.sql_file(f'derived/{view}')}")
    return con


def _fill(con: Connection, table: str, rows: list[Row]) -> None:
    if not rows:
        return
    columns = CONTRACTS[table].core_columns | {"source_id": "INTEGER", "source_row": "BIGINT"}
    cells = [row | {"source_id": 1, "source_row": number} for number, row in enumerate(rows)]
    name = f"core.{_LOOKED_UP.get(table, table)}"
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in columns.values())
    con.execute(f"INSERT INTO {name} ({names}) SELECT {marks}", [[row.get(c) for row in cells] for c in columns])


def smallest(world: World, fails: Callable[[World], bool]) -> World:
    """A world that still fails, of which no row and no value can be left out."""
    for table, rows in world.tables.items():
        for row in list(rows):
            fewer = world.having(**{table: [r for r in world.tables[table] if r is not row]})
            world = fewer if fails(fewer) else world
    for table in world.tables:
        optional = [c.name for c in CONTRACTS[table].columns if not c.required]
        for number in range(len(world.tables[table])):
            for column in optional:
                rows = [dict(row) for row in world.tables[table]]
                rows[number][column] = None
                barer = world.having(**{table: rows})
                world = barer if fails(barer) else world
    return world
