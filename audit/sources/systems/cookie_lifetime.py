"""How long a cookie is kept: what a cookie database declares in words, held against what was seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.duration import DAY, HOUR, Duration
from audit.errors import UsageError

_SESSION = frozenset({"session", "sessions", "seesion", "session cookie", "end of session (browser)"})
_FOR_EVER = frozenset({"persistent", "unlimited", "forever", "no expiration", "permanent"})
# What may follow a period without changing it: from when it counts, or that the site may set another one.
_PERIOD = re.compile(
    r"(?P<number>[1-9]\d{0,3}) (?P<unit>second|sec|minute|min|hour|day|week|month|year)s?"
    r"( after last activity| from set/ update| by default, modifiable)?",
    re.ASCII,
)
_UNITS = {
    "second": Duration(seconds=1), "sec": Duration(seconds=1),
    "minute": Duration(seconds=60), "min": Duration(seconds=60), "hour": Duration(seconds=HOUR),
    "day": Duration(days=1), "week": Duration(days=7), "month": Duration(months=1), "year": Duration(months=12),
}  # fmt: skip
_CLOCKS = HOUR  # an observed lifetime is off by as much: the site's clock, the visitor's, summer time


@dataclass(frozen=True)
class Lifetime:
    """A lifetime: a period, until the browser is closed, or without end.

    Attributes:
        period: how long; None where it is one of the others.
        is_session: until the browser is closed.
    """

    period: Duration | None = None
    is_session: bool = False

    @property
    def words(self) -> str:
        """As ``180 days``, ``session`` or ``without end``."""
        if self.period:
            return self.period.words
        return "session" if self.is_session else "without end"


SESSION = Lifetime(is_session=True)
FOR_EVER = Lifetime()


def declared(text: str) -> Lifetime | None:
    """What a database's words say; None where they name no period, or more than one.

    ``1 hour or longer`` and ``30 seconds till 1 year`` promise nothing that could be held against what was seen.
    """
    words = " ".join(text.lower().split())
    if words in _SESSION:
        return SESSION
    if words in _FOR_EVER:
        return FOR_EVER
    match = _PERIOD.fullmatch(words)
    if not match:
        return None
    number, unit = int(match["number"]), _UNITS[match["unit"]]
    return Lifetime(Duration(number * unit.months, number * unit.days, number * unit.seconds))


def observed(set_at: datetime, expires_at: datetime | None) -> str:
    """In words, how long a cookie lives that was set at an instant and ends at another, or with the session."""
    if expires_at is None:
        return SESSION.words
    seconds = (expires_at - set_at).total_seconds()
    number, unit = (seconds / DAY, "days") if seconds >= DAY else (seconds / HOUR, "hours")
    return f"{round(number, 1):g} {unit}"


def compared(declared: Lifetime, set_at: datetime, expires_at: datetime | None) -> str | None:
    """Whether a cookie lives ``longer`` or ``shorter`` than declared; None where it does neither.

    A month is as long as the calendar has it from the day the cookie was set, or 30 days: either is kept to.
    """
    if declared.is_session or expires_at is None:
        if declared.is_session == (expires_at is None):
            return None
        return "longer" if declared.is_session else "shorter"
    if declared.period is None:
        return "shorter"
    lives = (expires_at - set_at).total_seconds()
    least, most = _bounds(declared.period, set_at)
    if lives > most + _CLOCKS:
        return "longer"
    return "shorter" if lives < least - _CLOCKS else None


def _bounds(period: Duration, set_at: datetime) -> tuple[float, float]:
    """The fewest and the most seconds that a period is from an instant on."""
    rest = timedelta(days=period.days, seconds=period.seconds)
    by_thirties = timedelta(days=30 * period.months)
    try:
        by_calendar = Duration(months=period.months).after_day(set_at.date()) - set_at.date()
    except UsageError:  # it ends beyond the calendar
        by_calendar = by_thirties
    least, most = sorted((by_calendar, by_thirties))
    return (least + rest).total_seconds(), (most + rest).total_seconds()
