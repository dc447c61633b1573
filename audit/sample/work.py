"""Everyday work: the plan's registers and streams multiplied over the window, in DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from itertools import accumulate
from typing import Any

from audit.contract import Contract
from audit.duration import Duration
from audit.sample.plan import Plan, Rows, Window
from audit.store import Connection

Contracts = Mapping[str, Contract]


def make_work(
    con: Connection, plan: Plan, window: Window, contracts: Contracts, *, seed: int, events: int, clean: bool
) -> None:
    """Fill schema ``out`` with every table of the contracts: registers as planned, logs made by the SQL in sql/sample.

    Times in ``out`` are local times without a zone; they get the form of their system when they are written.
    """
    registers = {t: window.moved_rows(rows) for t, rows in plan.tables("registers").items()}
    if clean:
        for table, rows in plan.tables("clean").items():
            registers.setdefault(table, []).extend(window.moved_rows(rows))
    con.execute("create schema out; create schema plan")
    for contract in contracts.values():
        columns = ", ".join(f'"{c.name}" {_sql_type(c.type, c.day_may_do)}' for c in contract.columns)
        con.execute(f"create table out.{contract.table} ({columns})")
    for table, rows in registers.items():
        insert(con, table, rows)
        _plan_table(con, f"plan.{table}", rows)
    work = {name: window.moved_rows(rows) for name, rows in plan.tables("work").items()}
    for name in ("streams", "pools", "rhythms", "records"):
        _plan_table(con, f"plan.{name}", work[name])
    _plan_table(con, "rules_text", [_in_parts(r) for r in registers["retention_rules"]])
    con.execute("create table rules as select * replace (months::int as months, days::int as days) from rules_text")
    for name, source in (("cookies", "visits"), ("mishaps", "incidents")):
        _plan_table(con, f"{name}_text", _cumulated(work[source]))
        con.execute(
            f"create table {name} as select * replace (place::bigint as place, upto::bigint as upto, "
            f"weight::bigint as weight) from {name}_text"
        )
    for variable, value in _variables(plan, window, seed, events).items():
        con.execute(f"set variable {variable} = {value}")
    for file in sorted((files("audit") / "sql" / "sample").iterdir(), key=lambda f: f.name):
        con.execute(file.read_text("utf-8"))


def insert(con: Connection, table: str, rows: Rows) -> None:
    """Append rows to a table of ``out``; all rows have the first one's columns."""
    if rows:
        columns = ", ".join(f'"{c}"' for c in rows[0])
        con.execute(f"insert into out.{table} ({columns}) {_unnested(rows)}", _by_column(rows))


def _sql_type(kind: str, day_may_do: bool) -> str:
    if kind == "timestamp" and not day_may_do:
        return "timestamp"
    return "date" if kind == "date" else "varchar"


def _plan_table(con: Connection, name: str, rows: Rows) -> None:
    columns = list(rows[0])
    declared = ", ".join(f'"{c}" varchar' for c in columns)
    con.execute(f"create table {name} ({declared})")
    con.execute(f"insert into {name} {_unnested(rows)}", _by_column(rows))


def _unnested(rows: Rows) -> str:
    """Rows as a SELECT of one list a column: one statement, where a row at a time would take the most time of all."""
    return f"select {', '.join('unnest(?::varchar[])' for _ in rows[0])}"


def _by_column(rows: Rows) -> list[list[str | None]]:
    return [[row[column] for row in rows] for column in rows[0]]


def _in_parts(rule: dict[str, str | None]) -> dict[str, str | None]:
    """A retention rule with its period as months and days."""
    period = Duration.parse(rule["period"] or "")
    return rule | {"months": str(period.months), "days": str(period.days)}


def _cumulated(rows: Rows) -> Rows:
    """Rows with their place and the sum of the weights up to and with them, to draw from."""
    sums = accumulate(int(r["weight"] or 0) for r in rows)
    return [r | {"place": str(i), "upto": str(n)} for i, (r, n) in enumerate(zip(rows, sums, strict=True))]


def _variables(plan: Plan, window: Window, seed: int, events: int) -> dict[str, str]:
    """What the SQL asks for by ``getvariable``, as SQL literals."""
    s = plan.settings
    amounts, requests = s["amounts"], s["requests"]
    cookie_events = events // amounts["events_per_cookie_event"]
    values: dict[str, Any] = {
        "seed": str(seed), "zone": plan.zone, "events": events,
        "subjects": events // amounts["events_per_subject"],
        "visitors": cookie_events // amounts["cookie_events_per_visitor"],
        "cookies_each": amounts["cookie_events_per_visitor"],
        "incident_every": amounts["incident_every_days"],
        "request_every": amounts["request_every_days"],
        "preference_every": amounts["preference_every_days"],
        "consent_notice": s["consents"]["notice_version"], "cookie_notice": s["cookies"]["notice_version"],
        "request_mailbox": requests["mailbox"], "request_register": requests["register"],
        "answered_under": requests["answered_under"], "executed_under": requests["executed_under"],
        "request_person": requests["person_category"], "request_collaboration": requests["collaboration_category"],
        "request_client_person": requests["client_person_category"],
        "request_client_collaboration": requests["client_collaboration_category"],
        "request_data": requests["data_category"],
    }  # fmt: skip
    lists = {"closed": s["closed"]["days"], "methods": s["consents"]["methods"]}
    dates = {"first": window.start, "until": window.end}
    return (
        {k: f"'{v}'" if isinstance(v, str) else str(v) for k, v in values.items()}
        | {k: str(list(v)) for k, v in lists.items()}
        | {k: f"date '{v}'" for k, v in dates.items()}
    )
