"""A time limit asked for by itself: what ``audit due`` and ``audit.due`` answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audit.clock import Due, Extension, Pause, due_breach, due_period, due_request, due_retention
from audit.duration import Duration
from audit.errors import UsageError
from audit.period import local_date, parse_instant
from audit.places import shipped
from audit.policy import Policy, load_policy
from audit.statutes import Law, load_law
from audit.workdays import Calendar

Moment = str | date | datetime


@dataclass(frozen=True)
class _House:
    """What a limit is counted by: the law, the organisation's own rules, its zone and its working days."""

    law: Law
    policy: Policy
    calendar: Calendar

    @property
    def zone(self) -> ZoneInfo:
        return self.policy.zone

    def moment(self, value: Moment, name: str) -> date | datetime:
        """A day where only a day was given, else the instant, local time where it has no offset."""
        if not isinstance(value, str | date):
            raise UsageError("not an instant", column=name, expected='text as "2026-10-01", or a date or datetime')
        text = value if isinstance(value, str) else value.isoformat()
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
        try:
            return parse_instant(text, self.zone)
        except UsageError as error:
            raise UsageError(error.message, column=name, expected=error.expected) from None

    def day(self, value: Moment, name: str) -> date:
        """The local date of a moment."""
        moment = self.moment(value, name)
        return local_date(moment, self.zone) if isinstance(moment, datetime) else moment


def due(
    kind: str,
    start: Moment,
    *,
    policy: Path | Policy | None = None,
    country: str | None = None,
    eves_as_holidays: bool | None = None,
    **options: Any,
) -> Due:
    """When a time limit ends, and why.

    Args:
        kind: ``request``, ``breach``, ``retention``, or ``period`` for any period under Regulation 1182/71.
        start: receipt, awareness, or the retention anchor: a date or an instant, as ISO 8601 text or as itself; without
            an offset it is local time.
        policy: the organisation's policy or its file; by default the sample organisation's.
        country: another member state, whose holidays count; by default the organisation's.
        eves_as_holidays: the policy's switch, the other way.
        **options: of a request ``identity_requested``, ``identity_confirmed``, ``identity_doubted`` (False: proof was
            asked for without reasonable doubt), ``extended``, ``reason``, ``refused``; of a breach ``convention`` and
            ``period`` (the processor's own clock: how soon its agreement has the client told); of retention ``period``
            (without one, ``fiscal_year_end`` has that of bookkeeping), ``anchor``, ``held_from``, ``held_to``; of a
            period ``period``. None stands for not given.

    Returns:
        The last day, the instant, or None while the clock stands still, with the steps that lead to it.

    Raises:
        UsageError: an unknown kind, an option it does not have, or a value that cannot be read.
    """
    if kind not in _KINDS:
        raise UsageError("not a kind of time limit", column="kind", expected=", ".join(_KINDS))
    answer, known = _KINDS[kind]
    given = {name: value for name, value in options.items() if value is not None}
    if unknown := sorted(given.keys() - known):
        raise UsageError(f"a {kind} has no such option", column=unknown[0], expected=", ".join(known))
    law = load_law()
    if not isinstance(policy, Policy):
        policy = load_policy(policy or shipped("mira") / "policy.toml", law)
    eves = policy.calendar.eves if eves_as_holidays is None else eves_as_holidays
    house = _House(law, policy, Calendar(country or policy.country, eves))
    return answer(house, house.moment(start, "start"), given)


def _request(house: _House, start: date | datetime, given: dict[str, Any]) -> Due:
    received = house.day(start, "start")
    days = {
        name: house.day(given[name], name)
        for name in ("identity_requested", "identity_confirmed", "extended")
        if name in given
    }
    for name, day in days.items():
        if day < received:
            raise UsageError("before the request was received", column=name, expected="a later day")
    asked, confirmed, extended = (days.get(n) for n in ("identity_requested", "identity_confirmed", "extended"))
    if confirmed and not asked:
        raise UsageError("proof that nobody asked for", column="identity_confirmed", expected="identity_requested too")
    if confirmed and asked and confirmed < asked:
        raise UsageError("before proof was asked for", column="identity_confirmed", expected="a later day")
    if "reason" in given and not extended:
        raise UsageError("a reason without an extension", column="reason", expected="extended too")
    return due_request(
        received,
        first=house.law.limit("request_first", received),
        extended=house.law.limit("request_extended", received),
        calendar=house.calendar,
        identity_within=house.policy.deadlines["identity_request_within"],
        pause=Pause(asked, confirmed, given.get("identity_doubted", True)) if asked else None,
        extension=Extension(extended, given.get("reason")) if extended else None,
        refused=given.get("refused", False),
        insufficient_reasons=house.law.insufficient_reasons,
    )


def _breach(house: _House, start: date | datetime, given: dict[str, Any]) -> Due:
    limit = house.law.limit("breach_authority", house.day(start, "start"))
    if "period" in given:
        limit = replace(
            limit, name="breach_client", value=_period(given), source="GDPR 33(2), the processing agreement"
        )
    return due_breach(start, limit=limit, zone=house.zone, convention=given.get("convention", "elapsed"))


def _retention(house: _House, start: date | datetime, given: dict[str, Any]) -> Due:
    day = house.day(start, "start")
    anchor = given.get("anchor", "collected")
    held_from, held_to = (house.day(given[n], n) if n in given else None for n in ("held_from", "held_to"))
    if held_to and not (held_from and held_from < held_to):
        raise UsageError("a hold ends after it began", column="held_to", expected="held_from, a day before it")
    source = None
    if "period" not in given and anchor == "fiscal_year_end":
        limit = house.law.limit("bookkeeping", day)
        period, source = limit.value, limit.source
    else:
        period = _period(given)
    return due_retention(day, period=period, anchor=anchor, source=source, held_from=held_from, held_to=held_to)


def _any_period(house: _House, start: date | datetime, given: dict[str, Any]) -> Due:
    return due_period(start, period=_period(given), calendar=house.calendar, zone=house.zone)


def _period(given: dict[str, Any]) -> Duration:
    period = given.get("period", "")
    try:
        return period if isinstance(period, Duration) else Duration.parse(period)
    except UsageError as error:
        message = error.message if period else "how long is missing"
        raise UsageError(message, column="period", expected=error.expected) from None


_KINDS: dict[str, tuple[Callable[[_House, date | datetime, dict[str, Any]], Due], tuple[str, ...]]] = {
    "request": (
        _request,
        ("identity_requested", "identity_confirmed", "identity_doubted", "extended", "reason", "refused"),
    ),
    "breach": (_breach, ("convention", "period")),
    "retention": (_retention, ("period", "anchor", "held_from", "held_to")),
    "period": (_any_period, ("period",)),
}
