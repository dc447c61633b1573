"""The time limit behind an item of a check, step by step in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from audit.asked import instant_literal
from audit.clock import Due, Extension, Limit, Pause, due_breach, due_request, hours_end, said
from audit.duration import Duration
from audit.errors import UsageError
from audit.judge import rows
from audit.known import Known
from audit.period import local_date
from audit.policy import STAGES
from audit.retained import due_record
from audit.snapshot import literal
from audit.statutes import load_law

_UNAWARE = Due(None, ("Nobody was aware before the as-of instant: nothing runs yet.",))
_POLICY = "the organisation's policy"


def time_limit(known: Known) -> Due | None:
    """When the time limit behind an item ends, and why; None for a check that has none.

    It is the last day of a retention period or of a request, the end of the time for a notification, and of an incident
    the end of its first late stage, else of its next one. Its ``due`` is None where nothing is due, or not known.
    """
    found = _LIMITS.get(known.check.name)
    limit = found(known) if found else None
    if limit and limit.due and known.check.name in _NOTICES:
        return replace(limit, steps=(*limit.steps, _told(known, limit.due)))
    return limit


def _request(known: Known) -> Due:
    row = known.own()
    received, asked, confirmed, extended = (
        row[f"{name}_at"] and row[f"{name}_at"].date()
        for name in ("received", "identity_requested", "identity_confirmed", "extended")
    )
    first, longer = _law("request_first", received), _law("request_extended", received)
    if not first or not longer:
        return Due(None, ("No such limit was in force on the day of receipt.",))
    return due_request(
        received,
        first=first,
        extended=longer,
        calendar=known.policy.calendar,
        identity_within=known.policy.deadlines["identity_request_within"],
        pause=Pause(asked, confirmed) if asked else None,
        extension=Extension(extended, row["extension_reason"]) if extended else None,
        refused=row["outcome"] == "refused" and row["answered_at"] is not None,
        insufficient_reasons=load_law().insufficient_reasons,
    )


def _law(name: str, on: date) -> Limit | None:
    try:
        return load_law().limit(name, on)
    except UsageError:  # there was none yet
        return None


def _aware(known: Known) -> date | datetime | None:
    """When somebody was aware, a day where only that is known; None where nobody was before as_of."""
    row = known.rows("incidents", f"incident_id = {literal(known.item['item'])}")[0]
    name = "detected_at" if row["aware_at"] is None else "aware_at"
    at = known.instant(row[name])
    return at.date() if at and row[f"{name}_is_date"] else at


def _day(known: Known, moment: date | datetime) -> date:
    return local_date(moment, known.policy.zone) if isinstance(moment, datetime) else moment


def _authority(known: Known) -> Due:
    aware = _aware(known)
    if aware is None:
        return _UNAWARE
    limit = _law("breach_authority", _day(known, aware))
    if limit is None:
        return Due(None, ("No such limit was in force on the day of awareness.",))
    return due_breach(aware, limit=limit, zone=known.policy.zone)


def _subjects(known: Known) -> Due:
    aware = _aware(known)
    if aware is None:
        return _UNAWARE
    length = known.policy.deadlines["subjects_told_within"]
    end = _end(known, aware, length)
    return Due(end, (f"Aware {_when(aware)}.", f"{length.words} ({_POLICY}): until {said(end)}."))


def _controller(known: Known) -> Due:
    aware = _aware(known)
    if aware is None:
        return _UNAWARE
    client = known.item["client_id"]
    contracts = [] if client is None else known.rows("contracts", f"client_id = {literal(client)}")
    contracts = [c for c in contracts if known.day(c["contract_start"])]
    if not contracts:
        return Due(None, ("No contract of the client is on record: its time is not known.",))
    day, default = _day(known, aware).isoformat(), known.policy.deadlines["breach_notice_default"]
    steps, ends = [f"Aware {_when(aware)}."], []
    for contract in contracts:
        if contract["contract_start"] <= day and (contract["contract_end"] is None or day < contract["contract_end"]):
            own = contract["breach_notice"]
            length, source = (Duration.parse(own), "") if own else (default, f", by {_POLICY}")
            ends.append(_end(known, aware, length))
            steps.append(f"Contract {contract['contract_id']} gives {length.words}{source}: until {said(ends[-1])}.")
    if not ends:
        ends.append(_end(known, aware, default))
        steps.append(f"No contract was in force that day: {default.words} ({_POLICY}), until {said(ends[-1])}.")
    due = min(ends)
    if len(ends) > 1:
        steps.append(f"The shortest time counts: {said(due)}.")
    return Due(due, tuple(steps))


def _told(known: Known, end: date | datetime) -> str:
    """Whether they were told, and in time."""
    at = _trail(known).get(_NOTICES[known.check.name])
    late = _after(known, at, end)
    if at:
        return f"Notified {_when(at)}, {'late' if late else 'in time'}."
    return "Not notified, and the time has passed." if late else "Not notified yet."


def _stages(known: Known) -> Due:
    row = known.own()
    detected: datetime = row["detected_at"]
    start = detected.date() if row["detected_at_is_date"] else detected
    severity = row["severity"]
    whose = f"severity {severity}" if severity else "no severity, the default targets"
    steps = [f"Detected {_when(start)}; {whose} ({_POLICY})."]
    done = _trail(known)
    late, ahead = None, None
    for stage in STAGES:
        length, at = known.policy.targets[severity or "default"][stage], done.get(stage)
        end = _end(known, start, length)
        is_late = _after(known, at, end)
        late = end if is_late and late is None else late
        ahead = end if not at and ahead is None else ahead
        reached = f"reached {_when(at)}" if at else "not reached"
        verdict = "late" if is_late else "in time" if at else "still ahead"
        steps.append(f"{stage}: {length.words}, until {said(end)}; {reached}, {verdict}.")
    return Due(late or ahead, tuple(steps))


def _trail(known: Known) -> dict[str, datetime | None]:
    """When each stage was reached: the first time, for resolved and evaluated the last."""
    item, as_of = literal(known.item["item"]), instant_literal(known.asked.as_of)
    found = rows(
        known.con,
        'SELECT stage, min("at") AS first_at, max("at") AS last_at FROM core.incident_events'
        f' WHERE incident_id = {item} AND "at" < {as_of} GROUP BY stage',
    )
    last = ("resolved", "evaluated")
    return {t["stage"]: known.instant(t["last_at" if t["stage"] in last else "first_at"]) for t in found}


def _after(known: Known, at: datetime | None, end: date | datetime) -> bool:
    """Whether what was done then, or has not been done, is after the end of its limit."""
    if isinstance(end, datetime):
        return (at or known.asked.as_of) > end
    return (at.date() if at else known.asked.as_of_on) > end


def _end(known: Known, start: date | datetime, length: Duration) -> date | datetime:
    """Elapsed time from an instant, a day being 24 hours; from a day to the end of a day."""
    if isinstance(start, datetime):
        return hours_end(start, length, known.policy.zone, "elapsed")
    return length.after_day(start)


def _when(moment: date | datetime) -> str:
    return f"at {said(moment)}" if isinstance(moment, datetime) else f"on {said(moment)}, hour not known"


_NOTICES = {
    "breach_notification_authority": "authority_notified",
    "breach_notification_controller": "controller_notified",
    "breach_communication_subjects": "subjects_notified",
}
_LIMITS: dict[str, Callable[[Known], Due]] = {
    "request_deadlines": _request,
    "retention": due_record,
    "incident_response": _stages,
    "breach_notification_authority": _authority,
    "breach_notification_controller": _controller,
    "breach_communication_subjects": _subjects,
}
