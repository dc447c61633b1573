"""Why an item got its outcome: the row, the rule, and the time limit step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit.asked import Asked
from audit.catalog import Check
from audit.errors import UsageError
from audit.evidence import located
from audit.judge import rows
from audit.policy import Policy
from audit.snapshot import literal
from audit.store import Connection
from audit.timelimit import due

_FACTS = ("role", "client_id", "system_id", "purpose", "kind", "occurred_at", "due_at", "amount", "detail")


def explain_item(con: Connection, check: Check, asked: Asked, policy: Policy, key: str) -> list[str]:
    """The steps from an item's row to its outcome, in words; no personal value is among them.

    Raises:
        UsageError: the check's population of the period has no such item.
    """
    judged = rows(con, f"SELECT * FROM ({asked.within(check.sql)}) WHERE item = {literal(key)}")
    if not judged:
        raise UsageError(
            f"the population of {check.name} has no such item in {asked.period.label}",
            column="item",
            expected=f"a {check.key} of {check.unit}",
        )
    item = judged[0]
    lines = [f"{check.title}. {check.question}", *_place(con, check, item)]
    lines += [f"{name}: {item[name]}" for name in _FACTS if item.get(name) is not None]
    lines += _limit(con, check, asked, policy, key)
    reason = item["reason"]
    verdict = f"Outcome as of {asked.as_of.isoformat()}: {item['outcome']}"
    lines.append(f"{verdict} ({reason}): {check.reason_text(item['outcome'], reason)}" if reason else f"{verdict}.")
    return lines


def _place(con: Connection, check: Check, item: dict[str, Any]) -> list[str]:
    """Where the item's own row stands; an item that is no row, as a source of logs, stands nowhere."""
    if item["source_id"] is None:
        return []
    table = item.get("item_table") or check.unit
    own = f"source_id = {item['source_id']} AND source_row = {item['source_row']}"
    found = rows(con, located(f"SELECT * FROM core.{table} WHERE {own}"))
    return [f"{table} {item['item']}: {r['source_file']}, line {r['source_line']}" for r in found]


def _limit(con: Connection, check: Check, asked: Asked, policy: Policy, key: str) -> list[str]:
    """The time limit's own reasoning, of the checks that have one of the law's."""
    if check.name == "request_deadlines":
        return _steps(policy, "request", _known_row(con, check, asked, key), "received_at", _REQUEST)
    if check.name == "breach_notification_authority":
        row = _known_row(con, check, asked, key)
        is_date = row["detected_at_is_date"] if row["aware_at"] is None else row["aware_at_is_date"]
        aware: datetime = datetime.fromisoformat(row["aware_at"] or row["detected_at"])
        return list(due("breach", aware.date() if is_date else aware, policy=policy).steps)
    return []


_REQUEST = {"identity_requested": "identity_requested_at", "identity_confirmed": "identity_confirmed_at",
            "extended": "extended_at", "reason": "extension_reason"}  # fmt: skip


def _known_row(con: Connection, check: Check, asked: Asked, key: str) -> dict[str, Any]:
    """The item's row; what happened at or after as_of has not happened."""
    row = rows(con, f'SELECT * FROM core.{check.unit} WHERE "{check.key}" = {literal(key)}')[0]
    later = {k for k, v in row.items() if k.endswith("_at") and v and datetime.fromisoformat(v) >= asked.as_of}
    return {k: None if k in later else v for k, v in row.items()}


def _steps(policy: Policy, kind: str, row: dict[str, Any], start: str, options: dict[str, str]) -> list[str]:
    given = {name: row[column] for name, column in options.items() if row[column] is not None}
    if "extended" not in given:
        given.pop("reason", None)
    return list(due(kind, row[start], policy=policy, refused=row["outcome"] == "refused", **given).steps)
