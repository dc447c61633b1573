"""A worked case's rows in a fresh in-memory database, and what the check says of them."""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audit import store
from audit.asked import Asked
from audit.casebook import Case
from audit.catalog import Check
from audit.period import Period, parse_instant
from audit.policy import Policy, load_policy
from audit.statutes import Law, load_law

LAW = load_law()
POLICY = load_policy(Path(__file__).with_name("policy.toml"), LAW)
ZONE = POLICY.zone
FIRST = ("item", "outcome", "reason", "role", "client_id", "subject_id", "occurred_at", "due_at", "amount")
LATER = {"source_id", "source_row", "item_table", "system_id", "purpose", "kind", "unit", "detail"}


@contextmanager
def empty(law: Law = LAW, policy: Policy = POLICY) -> Iterator[Connection]:
    """A database whose every table of core is there and empty; by default under the law and the worked cases' policy."""
    with store.scratch(policy.zone.key) as con:
        store.empty_core(con)
        store.add_tables(con, law.tables(policy) | policy.tables())
        store.add_macros(con)
        yield con


@contextmanager
def world(case: Case) -> Iterator[Connection]:
    """A database that holds a case's rows; of law and house, the tables the case gives take the place of the default.

    The calendar takes a moment to fill in, so that the empty database is made once and each world is undone.
    """
    con = _prepared()
    con.begin()
    try:
        for table, rows in case.tables.items():
            if not table.startswith("core."):
                con.execute(f"DELETE FROM {table}")
            for number, row in enumerate(rows, 2):
                insert(con, table, row, number)
        yield con
    finally:
        con.rollback()


@cache
def _prepared() -> Connection:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(empty())


def insert(con: Connection, table: str, row: dict[str, str | None], number: int) -> None:
    """Put a row in, each cell cast to its column's type; lists are separated by ``;``."""
    types = dict(con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())
    assert row.keys() <= types.keys(), f"{table} has no column {sorted(row.keys() - types.keys())}"
    row = dict(row)
    if table.startswith("core."):
        row |= {"source_id": "1", "source_row": str(number)}
        for name in [n.removesuffix("_is_date") for n in types if n.endswith("_is_date")]:
            is_date = bool(row.get(name)) and re.fullmatch(r"\d{4}-\d\d-\d\d", row[name] or "")
            row[f"{name}_is_date"] = str(bool(is_date)).lower()
    casts = ["string_split(?, ';')" if types[c].endswith("[]") else f"CAST(? AS {types[c]})" for c in row]
    columns = ", ".join(f'"{name}"' for name in row)
    con.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(casts)}", list(row.values()))


def asked(case: Case) -> Asked:
    """The period and the moment that a case asks about."""
    period = Period.parse(case.period, ZONE)
    return Asked(period, parse_instant(case.as_of, ZONE) if case.as_of else period.end)


def bind(sql: str, case: Case) -> str:
    """A check's SQL with the case's period and moment in place of its parameters."""
    return asked(case).within(sql)


def rows(con: Connection, sql: str) -> list[dict[str, Any]]:
    """What a query gives, by column."""
    answer = con.execute(sql)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, values, strict=True)) for values in answer.fetchall()]


def judge(con: Connection, check: Check, case: Case) -> list[dict[str, Any]]:
    """The check's rows for a case."""
    return rows(con, bind(check.sql, case))


def same(found: Any, expected: str | None) -> bool:
    """Whether a value is the one a cell of a worked case means."""
    if expected is None or found is None:
        return expected is None and found is None
    if isinstance(found, datetime):
        return found == parse_instant(expected, ZONE)
    if isinstance(found, date):
        return found == date.fromisoformat(expected)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return abs(float(found) - float(expected)) < 1e-6
    return str(found) == expected
