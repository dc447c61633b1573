"""A check's worked cases, run: their rows in an empty database, and where the check says otherwise than its page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from audit import store
from audit.asked import Asked
from audit.casebook import DEFAULT_PERIOD, Case, Row
from audit.catalog import Check
from audit.checkfile import Evidence
from audit.errors import AuditError, CheckError, UsageError
from audit.judge import group_events, judge, rows
from audit.period import Period, parse_instant
from audit.policy import Policy
from audit.statutes import Law
from audit.store import Connection, DatabaseError

FIRST = ("item", "outcome", "reason", "role", "client_id", "subject_id", "occurred_at", "due_at", "amount",
         "source_id", "source_row")  # fmt: skip
"""The columns that every check's rows begin with."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Fault:
    """Where a check is not as its page says: the case, the line of its heading, and what is otherwise.

    ``is_whole`` says that no case could be tried.
    """

    case: str
    line: int | None
    says: str
    is_whole: bool = False


@contextmanager
def empty(law: Law, policy: Policy) -> Iterator[Connection]:
    """A database whose every table of core is there and empty, under a law and a policy."""
    with store.scratch(policy.zone.key) as con:
        store.empty_core(con)
        store.add_tables(con, law.tables(policy) | policy.tables())
        store.add_macros(con)
        yield con


@contextmanager
def holding(con: Connection, case: Case) -> Iterator[Connection]:
    """An empty database with a case's rows in it until the block ends; its tables of law and house replace those there.

    Raises:
        CheckError: a row that the table cannot hold.
    """
    con.begin()
    try:
        for table, cells in case.tables.items():
            if not table.startswith("core."):
                con.execute(f"DELETE FROM {table}")
            for number, row in enumerate(cells, 2):
                insert(con, table, row, number)
        yield con
    finally:
        con.rollback()


def insert(con: Connection, table: str, row: Row, number: int) -> None:
    """Put a row in, each cell cast to its column's type; lists are separated by ``;``.

    Raises:
        CheckError: no such table or column, or a cell that is not of the column's type.
    """
    try:
        types = dict(con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())
        if unknown := sorted(row.keys() - types.keys()):
            raise CheckError(f"{table} has no such column", column=unknown[0], expected=", ".join(types))
        row = _whole(row, types, number) if table.startswith("core.") else row
        casts = ["string_split(?, ';')" if types[c].endswith("[]") else f"CAST(? AS {types[c]})" for c in row]
        columns = ", ".join(f'"{name}"' for name in row)
        con.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(casts)}", list(row.values()))
    except DatabaseError as error:
        raise CheckError(f"{table} cannot hold a row of the case: {str(error).splitlines()[0]}") from None


def _whole(row: Row, types: dict[str, str], number: int) -> Row:
    """A row of core with what a load adds: where it came from, and whether an instant was given as a day."""
    told = [name.removesuffix("_is_date") for name in types if name.endswith("_is_date")]
    days = {f"{name}_is_date": str(bool(_DAY.fullmatch(row.get(name) or ""))).lower() for name in told}
    return row | {"source_id": "1", "source_row": str(number)} | days


def asked_by(case: Case, zone: ZoneInfo) -> Asked:
    """The period and the moment that a case asks about."""
    period = Period.parse(case.period, zone)
    return Asked(period, parse_instant(case.as_of, zone) if case.as_of else period.end)


def is_same(found: Any, expected: str | None, zone: ZoneInfo) -> bool:
    """Whether a value is the one that a cell of a worked case means; none is where the cell means no such value."""
    if expected is None or found is None:
        return expected is None and found is None
    try:
        if isinstance(found, datetime):
            return found == parse_instant(expected, zone)
        if isinstance(found, date):
            return found == date.fromisoformat(expected)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return abs(float(found) - float(expected)) < 1e-6
    except (UsageError, ValueError):
        return False
    return str(found) == expected


def judged(con: Connection, check: Check, case: Case, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The check's rows for a case whose rows the database holds, instants as they are."""
    asked = asked_by(case, zone)
    if "core.event_groups" in check.reads:
        group_events(con, asked)
    answer = con.execute(asked.within(check.sql))
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, values, strict=True)) for values in answer.fetchall()]


def faults(check: Check, law: Law, policy: Policy) -> list[Fault]:
    """Run all worked cases of a check under an organisation's policy; what is not as the page says.

    Besides the cases' rows: that the SQL gives the columns which every check begins with, and a case for each reason.
    """
    with empty(law, policy) as con:
        found = _faults_of_sql(con, check, policy.zone)
        found = [replace(fault, is_whole=True) for fault in found]
        for case in () if found else check.cases:
            found += [Fault(case.name, case.line, says) for says in _otherwise(con, check, case, policy.zone)]
    shown = {(row["outcome"], row["reason"]) for case in check.cases for row in case.expected if row.get("reason")}
    declared = {(outcome, reason) for outcome, reasons in check.reasons.items() for reason in reasons}
    for outcome, reason in sorted(declared - shown):
        found.append(Fault("", None, f"the reason {reason} of {outcome} has no worked case"))
    return found


def _faults_of_sql(con: Connection, check: Check, zone: ZoneInfo) -> list[Fault]:
    """What is wrong with a check's SQL whatever the case: a part does not run, or check.sql lacks columns."""
    period = Period.parse(DEFAULT_PERIOD, zone)
    asked = Asked(period, period.end)
    try:
        group_events(con, asked)
        columns = [row["column_name"] for row in rows(con, f"DESCRIBE ({asked.within(check.sql)})")]
    except DatabaseError as error:
        return [Fault("", None, f"check.sql does not run: {str(error).splitlines()[0]}")]
    if tuple(columns[: len(FIRST)]) != FIRST:
        return [Fault("", None, f"check.sql must begin with the columns {', '.join(FIRST)}")]
    try:
        judged_as = judge(con, check, asked).relation
    except CheckError as error:
        return [Fault("", None, error.message)]
    return [fault for evidence in check.evidence for fault in _faults_of_evidence(con, evidence, judged_as)]


def _faults_of_evidence(con: Connection, evidence: Evidence, relation: str) -> list[Fault]:
    try:
        con.execute(f"DESCRIBE SELECT t.* FROM {evidence.table} AS t, {relation} AS f WHERE {evidence.where}")
    except DatabaseError as error:
        why = str(error).splitlines()[0]
        return [Fault("", None, f"the evidence of {evidence.table} does not run: {why}")]
    return []


def _otherwise(con: Connection, check: Check, case: Case, zone: ZoneInfo) -> list[str]:
    """Where a check says otherwise than a case expects, an item a line."""
    try:
        with holding(con, case):
            answer = judged(con, check, case, zone)
    except (AuditError, DatabaseError) as error:
        return [str(error).splitlines()[0]]
    found, expected = {_key(row): row for row in answer}, {_key(row): row for row in case.expected}
    times = Counter(map(_key, answer))
    says = [f"{_called(key)}: judged {n} times, expected once" for key, n in times.items() if n > 1]
    says += [f"{_called(key)}: expected, and not in the population" for key in expected.keys() - found.keys()]
    says += [f"{_called(key)}: in the population, and not expected" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        says += [f"{_called(key)}: {told}" for told in _differences(found[key], expected[key], zone)]
    return sorted(says)


def _differences(found: dict[str, Any], expected: Row, zone: ZoneInfo) -> list[str]:
    """The cells of an expected row that the check fills otherwise."""
    said = []
    for column, cell in expected.items():
        if column not in found:
            said.append(f"check.sql has no column {column}")
        elif not is_same(found[column], cell, zone):
            said.append(f"{column} is {_told(found[column])}, expected {_told(cell)}")
    return said


def _key(row: dict[str, Any]) -> tuple[str | None, str]:
    return row.get("item_table"), row["item"]


def _called(key: tuple[str | None, str]) -> str:
    return ":".join(part for part in key if part)


def _told(value: object) -> str:
    return "empty" if value is None else str(value)
