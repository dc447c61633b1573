"""Time limits of the law, each with the steps that lead to its end.

The same arithmetic stands in ``sql/deadlines.sql`` for the checks; generated cases hold one against the other. How long
a limit is, is never known here: it comes as a :class:`Limit` with its source.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from audit.duration import Duration
from audit.errors import UsageError
from audit.workdays import Calendar

_ROLL = "Regulation 1182/71 art. 3(4)"
_ANCHORS = ("collected", "last_activity", "relationship_end", "contract_end", "fiscal_year_end")
_CONVENTIONS = ("elapsed", "regulation_1182")
_BLANK = " \t\n\r\xa0"


@dataclass(frozen=True)
class Limit:
    """A time limit as the law has it from one day to another (exclusive; None: still in force)."""

    name: str
    value: Duration
    source: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, repr=False)
class Due:
    """When a time limit ends, and why.

    Attributes:
        due: the last day (the duty ends at its 24:00 local time), the instant, or None while the clock stands still.
        steps: the reasoning, a sentence each, with dates and sources.
        low_precision: only the day of the start was known where the limit counts hours.
    """

    due: date | datetime | None
    steps: tuple[str, ...]
    low_precision: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data: ``due`` as ISO 8601 text (a date, an instant with its offset, or None) and ``steps``."""
        due = self.due.isoformat() if self.due else None
        return {"due": due, "steps": list(self.steps), "low_precision": self.low_precision}

    def __repr__(self) -> str:
        steps = "".join(f"\n{n}. {step}" for n, step in enumerate(self.steps, start=1))
        return f"Due: {said(self.due) if self.due else 'open'}\n{steps}"

    _repr_markdown_ = __repr__


@dataclass(frozen=True)
class Pause:
    """The time a proof of identity was waited for (GDPR 12(6)): from the day it was asked for to the day it came."""

    asked: date
    confirmed: date | None = None
    doubted: bool = True


@dataclass(frozen=True)
class Extension:
    """The notice of an extension (GDPR 12(3)): the day it was sent, and the reason it gave."""

    notified: date
    reason: str | None = None


def due_request(
    received: date,
    *,
    first: Limit,
    extended: Limit,
    calendar: Calendar,
    identity_within: Duration,
    pause: Pause | None = None,
    extension: Extension | None = None,
    refused: bool = False,
    insufficient_reasons: Collection[str] = (),
) -> Due:
    """The last day to answer a person's request: GDPR 12(3), 12(4) and 12(6).

    Args:
        received: the local date of receipt.
        first: the limit to answer.
        extended: the limit where it was extended, counted from receipt too.
        calendar: whose holidays move the last day.
        identity_within: how soon after receipt the proof must be asked for to stop the clock, if it runs then.
        pause: the proof of identity, if asked for.
        extension: the notice of an extension, if sent.
        refused: the request was refused, which is never extended.
        insufficient_reasons: reasons, in lower case, that do not carry an extension.
    """
    steps = [f"Received on {said(received)}; the hour does not matter (Regulation 1182/71 art. 3(1))."]
    runs_to = calendar.next_working_day(first.value.after_day(received))
    pause = pause if pause and _stops(received, pause, identity_within, runs_to, steps) else None
    if pause and pause.confirmed is None:
        steps.append(f"Proof asked for on {said(pause.asked)} has not come: no last day while the clock stands still.")
        return Due(None, tuple(steps))
    due = _last_day(received, first, calendar, pause, steps)
    if extension and _extends(due, extension, refused, insufficient_reasons, steps):
        due = _last_day(received, extended, calendar, pause, steps)
    steps.append(f"Last day: {said(due)}, until 24:00 local time.")
    return Due(due, tuple(steps))


def _stops(received: date, pause: Pause, within: Duration, ends: date, steps: list[str]) -> bool:
    """Whether asking for a proof of identity stops the clock, which ends on a day if it is not stopped."""
    latest, asked = within.after_day(received), f"Proof of identity asked for on {said(pause.asked)}"
    if not pause.doubted:
        steps.append("No reasonable doubt about identity: asking for proof stops nothing (GDPR 12(6)).")
    elif pause.asked > latest:
        late = f"later than {within.words} after receipt ({said(latest)})"
        steps.append(f"{asked}, {late}: stops nothing (EDPB Guidelines 01/2022 para 159).")
    elif pause.asked > ends:
        steps.append(f"{asked}, after the last day, {said(ends)}: a clock that has run out does not stop (GDPR 12(3)).")
    else:
        return True
    return False


def _last_day(received: date, limit: Limit, calendar: Calendar, pause: Pause | None, steps: list[str]) -> date:
    """Receipt plus a limit, with the pause, moved to a working day; only the last date moves."""
    day = limit.value.after_day(received)
    steps.append(f"{limit.value.words} from receipt: {said(day)} ({limit.source}; Regulation 1182/71 art. 3(2)(c)).")
    if pause and pause.confirmed:
        asked = max(pause.asked, received)
        confirmed = max(pause.confirmed, asked)
        added = Duration(days=(confirmed - asked).days).after_day(day)
        resumed = limit.value.after_day(confirmed) - (asked - received)
        steps.append(
            f"Clock stood still from {said(asked)} to {said(confirmed)} (GDPR 12(6)):"
            f" with the {_days(confirmed - asked)} added it ends on {said(added)};"
            f" counted anew from the proof less the {_days(asked - received)} used, on {said(resumed)} (IMY-2022-9442)."
        )
        day = min(added, resumed)
        if added != resumed:
            steps.append(f"The earlier counts: {said(day)}; {said(max(added, resumed))} can be argued.")
    return _rolled(day, calendar, steps)


def _rolled(day: date, calendar: Calendar, steps: list[str]) -> date:
    moved = calendar.next_working_day(day)
    if moved != day:
        why = calendar.holiday(day) or "no working day"
        steps.append(f"{said(day)} is {why}: moves to the next working day, {said(moved)} ({_ROLL}).")
    return moved


def _extends(due: date, extension: Extension, refused: bool, insufficient: Collection[str], steps: list[str]) -> bool:
    """Whether a notice extends the limit: in time, with a reason that carries it, and no refusal."""
    notified = said(extension.notified)
    reason = (extension.reason or "").strip(_BLANK).lower()
    if refused:
        problem = "a refusal is not extended (GDPR 12(4))"
    elif extension.notified > due:
        problem = f"that is after the first last day, {said(due)} (GDPR 12(3))"
    elif not reason:
        problem = "it gave no reason (GDPR 12(3))"
    elif reason in insufficient:
        problem = "its reason is neither complexity nor the number of requests (EDPB Guidelines 01/2022 paras 162-164)"
    else:
        steps.append(f"Extension notified on {notified}, by the first last day, {said(due)}, with a reason: it counts.")
        return True
    steps.append(f"Extension notified on {notified} does not count: {problem}.")
    return False


def due_breach(aware: date | datetime, *, limit: Limit, zone: ZoneInfo, convention: str = "elapsed") -> Due:
    """The last instant to notify the supervisory authority of a breach: GDPR 33(1).

    Args:
        aware: when the controller became aware; a date where no hour is known.
        limit: the limit in hours.
        zone: the zone the result is told in.
        convention: ``elapsed`` time, or ``regulation_1182``: the hour of the event is not counted.

    Returns:
        The instant, or for a date the last day (low precision). Weekends and holidays move neither.
    """
    if convention not in _CONVENTIONS:
        raise UsageError("not a convention", column="convention", expected=" or ".join(_CONVENTIONS))
    if not isinstance(aware, datetime):
        day = limit.value.after_day(aware)
        return Due(
            day,
            (
                f"Aware on {said(aware)}, hour not known (low precision).",
                f"{limit.value.words}, as {_days(day - aware)}: in time to the end of {said(day)} ({limit.source}).",
            ),
            low_precision=True,
        )
    due = {name: hours_end(aware, limit.value, zone, name) for name in _CONVENTIONS}
    other = next(name for name in _CONVENTIONS if name != convention)
    steps = [f"Aware at {said(aware.astimezone(zone))} (EDPB Guidelines 9/2022 paras 31-48)."]
    if convention == "regulation_1182":
        steps.append("The hour of the event is not counted: from the next full hour (Regulation 1182/71 art. 3(1)).")
    steps.append(f"{limit.value.words} of elapsed time: {said(due[convention])} ({limit.source}).")
    steps.append(f"Weekends and holidays do not move a limit in hours ({_ROLL}).")
    if due[other] != due[convention]:
        steps.append(f"By the {other} convention it would be {said(due[other])}.")
    return Due(due[convention], tuple(steps))


def hours_end(start: datetime, length: Duration, zone: ZoneInfo, convention: str) -> datetime:
    """The instant a period in hours ends: elapsed from its start, or from the full hour that follows."""
    if convention == "regulation_1182":
        local = start.astimezone(zone)
        into_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        start = start.astimezone(UTC) - into_hour + timedelta(hours=1)
    end = length.after_instant(start, zone)
    # With its offset instead of its zone: Python finds no instant of a doubled hour equal to one of another zone.
    return end.replace(tzinfo=timezone(end.utcoffset() or timedelta()), fold=0)


def due_retention(
    start: date,
    *,
    period: Duration,
    anchor: str = "collected",
    source: str | None = None,
    held_from: date | None = None,
    held_to: date | None = None,
) -> Due:
    """The last day something may be kept: calendar arithmetic, clamped, no move to a working day.

    Args:
        start: the day the anchor names; for ``fiscal_year_end`` the day the financial year ended, of which the end of
            the calendar year counts (bokföringslagen 7 kap. 2 §).
        period: how long it is kept.
        anchor: collected, last_activity, relationship_end, contract_end or fiscal_year_end.
        source: where the period comes from, if it is law.
        held_from: first day of a legal hold; one that began by the last day moves it.
        held_to: the day after its last, None while it runs.
    """
    if anchor not in _ANCHORS:
        raise UsageError("not an anchor", column="anchor", expected=", ".join(_ANCHORS))
    steps = [f"Counted from {said(start)} ({anchor})."]
    if anchor == "fiscal_year_end":
        start = start.replace(month=12, day=31)
        steps = [f"The financial year ended in {start.year}: counted from {said(start)}."]
    due = period.after_day(start)
    steps.append(f"{period.words} on: {said(due)}{f' ({source})' if source else ''}; not moved to a working day.")
    return Due(after_hold(due, held_from, held_to, steps) if held_from else due, tuple(steps))


def after_hold(due: date, held_from: date, held_to: date | None, steps: list[str]) -> date | None:
    """A last day as a legal hold moves it, None while the hold runs; what it does is added to the steps."""
    if held_from > due:
        steps.append(f"A legal hold from {said(held_from)} began after the last day and moves nothing.")
        return due
    if held_to is None:
        steps.append(f"On legal hold since {said(held_from)}: no last day while it runs.")
        return None
    due = max(due, held_to)
    steps.append(f"On legal hold from {said(held_from)} until {said(held_to)}: last day {said(due)}.")
    return due


def due_period(start: date | datetime, *, period: Duration, calendar: Calendar, zone: ZoneInfo) -> Due:
    """The end of any period of Union law under Regulation 1182/71 art. 3: hours, or days, weeks and months.

    A period in hours wants an instant and ends at an instant; any other ends with a day.
    """
    if period.seconds:
        if not isinstance(start, datetime):
            raise UsageError("a period in hours starts at an instant", column="start", expected="a date with a time")
        end = hours_end(start, period, zone, "regulation_1182")
        return Due(end, (f"From the next full hour, {period.words}: {said(end)} (Regulation 1182/71 art. 3(1)-(2)).",))
    day = start.astimezone(zone).date() if isinstance(start, datetime) else start
    nominal = period.after_day(day)
    steps = [f"{period.words} from {said(day)}, which is not counted: {said(nominal)} (Regulation 1182/71 art. 3)."]
    due = _rolled(nominal, calendar, steps)
    if (nominal - day).days > 1:
        second = calendar.next_working_day(calendar.next_working_day(day + timedelta(days=1)) + timedelta(days=1))
        if second > due:
            due = second
            steps.append(f"At least two working days must lie within: {said(due)} (Regulation 1182/71 art. 3(5)).")
    return Due(due, tuple(steps))


def said(moment: date | datetime) -> str:
    """A day or an instant with its weekday, an instant with its offset."""
    plain = moment.isoformat(sep=" ") if isinstance(moment, datetime) else moment.isoformat()
    return f"{moment:%A} {plain}"


def _days(span: timedelta) -> str:
    return Duration(days=span.days).words
