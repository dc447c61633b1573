"""A worked case's rows in a fresh in-memory database, and what the check says of them."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audit import worked
from audit.asked import Asked
from audit.casebook import Case
from audit.catalog import Check
from audit.drafts import PAGES_POLICY
from audit.policy import Policy, load_policy
from audit.statutes import Law, load_law
from audit.worked import insert

__all__ = ["insert"]

LAW = load_law()
POLICY = load_policy(PAGES_POLICY, LAW)
ZONE = POLICY.zone
FIRST = worked.FIRST


@contextmanager
def empty(law: Law = LAW, policy: Policy = POLICY) -> Iterator[Connection]:
    """A database whose every table of core is there and empty; by default under the law and the worked cases' policy.

    It works in one thread: for so few rows, to share the work out is most of the work.
    """
    with worked.empty(law, policy) as con:
        con.execute("SET threads = 1")
        yield con


@contextmanager
def world(case: Case) -> Iterator[Connection]:
    """A database that holds a case's rows; of law and house, the tables the case gives take the place of the default.

    The calendar takes a moment to fill in, so that the empty database is made once and each world is undone.
    """
    with worked.holding(_prepared(), case) as con:
        yield con


@cache
def _prepared() -> Connection:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(empty())


def asked(case: Case) -> Asked:
    """The period and the moment that a case asks about."""
    return worked.asked_by(case, ZONE)


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
    return worked.is_same(found, expected, ZONE)
