"""Why an item got its outcome: the row, the rule, and the time limit step by step."""

from __future__ import annotations

from typing import Any

from audit.asked import Asked
from audit.catalog import Check
from audit.errors import UsageError
from audit.evidence import located
from audit.judge import rows, waivers_in_force, waivers_run_out
from audit.known import Known
from audit.policy import Policy
from audit.snapshot import literal
from audit.stepwise import time_limit
from audit.store import Connection

_FACTS = ("role", "client_id", "system_id", "purpose", "kind", "occurred_at", "due_at", "amount", "detail")


def explain_item(
    con: Connection, check: Check, asked: Asked, policy: Policy, key: str, *, judged: str | None = None
) -> list[str]:
    """The steps from an item's row to its outcome, in words; no personal value is among them.

    Items of several tables may have one key: ``TABLE:KEY`` says which is meant. One that ``judged`` holds, the relation
    of what was judged before and is not compliant, need not be judged again.

    Raises:
        UsageError: the check's population of the period and scope has no such item, or has one in several tables.
    """
    item = _found(con, judged, key) or _item(con, check, asked, key)
    lines = [f"{check.title}. {check.question}", *_place(con, check, item)]
    if item.get("unit") == "days" and item["due_at"] is not None:
        item["due_at"] = item["due_at"][: len("2026-07-01")]  # a limit in days ends with a day
    lines += [_fact(check, item, name) for name in _FACTS if item.get(name) is not None]
    limit = time_limit(Known(con, check, asked, policy, item))
    lines += limit.steps if limit else ()
    outcome, waivers = _waived(con, check, asked, item)
    lines += waivers
    reason = item["reason"]
    verdict = f"Outcome as of {asked.as_of.isoformat()}: {outcome}"
    lines.append(f"{verdict} ({reason}): {check.reason_text(outcome, reason)}" if reason else f"{verdict}.")
    return lines


def _fact(check: Check, item: dict[str, Any], name: str) -> str:
    """A column and its value, an amount with its unit."""
    if name != "amount":
        return f"{name}: {item[name]}"
    amount = f"{item['amount']:.1f}".removesuffix(".0")
    return f"amount: {amount} {item.get('unit') or check.amount_unit}".rstrip()


def _waived(con: Connection, check: Check, asked: Asked, item: dict[str, Any]) -> tuple[str, list[str]]:
    """The item's outcome, waivers counted in, and what there is to say of the first that covers it or did."""
    if item["outcome"] not in ("violation", "waived"):
        return item["outcome"], []
    told = {"check": check.name, "reason": item["reason"], "item_key": item["item"], "client_id": item["client_id"]}
    names = ", ".join(f'{"NULL" if v is None else literal(v)} AS "{n}"' for n, v in told.items())
    for outcome, covering, says in (
        ("waived", waivers_in_force(asked), "Waiver {waiver_id} covers it until {expires_on}, that day not included."),
        ("violation", waivers_run_out(asked), "Waiver {waiver_id} covered it and ran out on {expires_on}."),
    ):
        select = f"SELECT w.waiver_id, w.expires_on FROM core.waivers AS w JOIN (SELECT {names}) AS f ON {covering}"
        if found := rows(con, f"{select} ORDER BY w.waiver_id LIMIT 1"):
            return outcome, [says.format(**found[0])]
    return "violation", []


def _found(con: Connection, judged: str | None, key: str) -> dict[str, Any] | None:
    """The row of the item that ``TABLE:KEY`` names, where it was judged before."""
    if judged is None:
        return None
    found = rows(con, f"SELECT * FROM {judged} WHERE concat(item_table, ':', item) = {literal(key)} LIMIT 1")
    return found[0] if found else None


def _item(con: Connection, check: Check, asked: Asked, key: str) -> dict[str, Any]:
    """The row of the one item that is meant."""
    table, _, rest = key.partition(":")
    named = f"item IN ({literal(key)}, {literal(rest)}) AND {asked.scope}"
    judged = rows(con, f"SELECT * FROM ({asked.within(check.sql)}) WHERE {named}")
    tables = [item.get("item_table", check.unit) for item in judged]
    whole = [item for item in judged if item["item"] == key]
    found = whole or [i for i, of in zip(judged, tables, strict=True) if (of, i["item"]) == (table, rest)]
    if not found:
        raise UsageError(
            f"the population of {check.name} has no such item in {asked.period.label}",
            column="item",
            expected=f"the {check.key} of a row of {check.unit}",
        )
    if len(found) > 1:
        forms = ", ".join(sorted(f"{of}:KEY" for of in set(tables)))
        raise UsageError("items of several tables have this key", column="item", expected=f"TABLE:KEY, as {forms}")
    return found[0]


def _place(con: Connection, check: Check, item: dict[str, Any]) -> list[str]:
    """Where the item's own row stands; an item that is no row, as a source of logs, stands nowhere."""
    if item["source_id"] is None:
        return []
    table = item.get("item_table") or check.unit
    own = f"source_id = {item['source_id']} AND source_row = {item['source_row']}"
    found = rows(con, located(f"SELECT * FROM core.{table} WHERE {own}"))
    return [f"{table} {item['item']}: {r['source_file']}, line {r['source_line']}" for r in found]
