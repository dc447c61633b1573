"""Until when a record may be kept, step by step: the rule chosen, what it counts from, and the holds that move it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from audit.clock import Due, after_hold, due_retention, said
from audit.duration import Duration
from audit.known import Known
from audit.snapshot import literal

Row = dict[str, Any]
_RULE = ("role", "client_id", "person_category", "data_category", "system_id")
_HOLD = ("record_id", "subject_id", "client_id", "data_category")


def due_record(known: Known) -> Due:
    """The last day a record may be kept; None where no rule or no day to count from is known, or a hold runs."""
    record = known.own() | {"role": known.item["role"]}
    rules = [rule for rule in known.rows("retention_rules") if _is_for(rule, _RULE, record)]
    if not rules:
        return Due(None, ("No retention rule covers the record.",))
    most = max(len(_set(rule, _RULE)) for rule in rules)
    best = [rule for rule in rules if len(_set(rule, _RULE)) == most]
    steps = [_chosen(rules, best)]
    ends = [end for rule in best if (end := _end(known, record, rule, steps))]
    due = min(ends, default=None)
    if due and len(best) > 1:
        steps.append(f"Of these rules the earliest last day counts: {said(due)}.")
    holds = [hold for hold in known.rows("legal_holds") if known.day(hold["held_from"]) and is_held(record, hold)]
    for hold in sorted(holds, key=lambda hold: str(hold["held_from"])):
        if due:
            due = after_hold(due, date.fromisoformat(hold["held_from"]), known.day(hold["held_to"]), steps)
    return Due(due, (*steps, *_disposed(record, due)))


def is_held(record: Row, hold: Row) -> bool:
    """Whether a legal hold is on a record: by its id, its person, its client, its category, or all that it sets."""
    return _is_for(hold, _HOLD, record)


def _set(row: Row, selectors: Iterable[str]) -> list[str]:
    return [name for name in selectors if row[name] is not None]


def _is_for(row: Row, selectors: Iterable[str], record: Row) -> bool:
    """Whether every selector that a rule or a hold sets says what the record says."""
    return all(row[name] == record[name] for name in _set(row, selectors))


def _chosen(rules: list[Row], best: list[Row]) -> str:
    names = " and ".join(f"{rule['rule_id']} (by {', '.join(_set(rule, _RULE)) or 'no selector'})" for rule in best)
    if len(rules) == 1:
        return f"One rule covers the record: {names}."
    return f"Of {len(rules)} rules that cover the record the one with most selectors counts: {names}."


def _end(known: Known, record: Row, rule: Row, steps: list[str]) -> date | None:
    """The last day by one rule; its steps are added."""
    start = _anchor(known, record, rule["anchor"])
    if isinstance(start, str):
        steps.append(f"{rule['rule_id']}: {start}")
        return None
    period, source = Duration.parse(rule["period"]), rule["legal_reference"]
    found = due_retention(start, period=period, anchor=rule["anchor"], source=source)
    steps += [f"{rule['rule_id']}: {step}" for step in found.steps]
    assert isinstance(found.due, date)
    return found.due


def _anchor(known: Known, record: Row, anchor: str) -> date | str:
    """The day a rule counts from, or why there is none."""
    if anchor == "relationship_end":
        return _ended(known, "subjects", "relationship_ended_on", ("subject_id", "client_id"), record)
    if anchor == "contract_end":
        return _ended(known, "contracts", "contract_end", ("client_id",), record)
    last = record["last_activity_at"] if anchor == "last_activity" else None
    day: date = (last or record["collected_at"]).date()
    return day


def _ended(known: Known, table: str, column: str, key: tuple[str, ...], record: Row) -> date | str:
    """When the relationship or the last contract ended, or that it runs or is not on record."""
    same = " AND ".join(
        f"{name} = {literal(record[name])}" if record[name] is not None else f"{name} IS NULL" for name in key
    )
    begun = [r for r in known.rows(table, same) if table == "subjects" or known.day(r["contract_start"])]
    what = "relationship" if table == "subjects" else "contract"
    if not begun or record[key[0]] is None:
        return f"counted from the end of the {what}, which is not on record."
    ends = [known.day(row[column]) for row in begun]
    if None in ends:
        return f"counted from the end of the {what}, which still runs: nothing is due."
    return max(end for end in ends if end)


def _disposed(record: Row, due: date | None) -> list[str]:
    gone = record["disposed_at"]
    if due is None or gone is None:
        return [] if gone else ["It had not been disposed of."]
    late = "after" if gone.date() > due else "by"
    return [f"Disposed of on {said(gone.date())}, {late} the last day."]
