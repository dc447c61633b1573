"""Periods and instants, always in the organisation's zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from audit.errors import UsageError

_FORMS = "2026Q3, 2026-07, 2026 or 2026-07-01/2026-10-01"
_CALENDAR = re.compile(r"(\d{4})(?:Q([1-4])|-(\d\d))?", re.ASCII)
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", re.ASCII)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day (where midnight is skipped by a clock change: the instant after the gap)."""
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date of an instant in the zone."""
    return instant.astimezone(zone).date()


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 instant; without an offset it is local time, a date means its first instant.

    Raises:
        UsageError: not ISO 8601, or an hour that the clock change skips.
    """
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return midnight(date.fromisoformat(text), zone)
        value = datetime.fromisoformat(text)
        local = value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone, fold=0)
        wall = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):  # the first and the last hours that there are lie in no year of other zones
        raise UsageError(
            "not an instant", column="as-of", expected="ISO 8601, as 2026-10-01 or 2026-10-01T09:00+02:00"
        ) from None
    if value.tzinfo is None and wall != value:
        raise UsageError("this hour does not exist: the clock was put forward", column="as-of")
    return local


@dataclass(frozen=True)
class Period:
    """A span of whole local days, end exclusive.

    Attributes:
        label: how it was asked for, as ``2026Q3``.
        first: its first day.
        until: the day after its last.
        zone: the organisation's zone.
    """

    label: str
    first: date
    until: date
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> Period:
        """Read ``2026Q3``, ``2026-07``, ``2026`` or two dates with a slash (end exclusive).

        Raises:
            UsageError: any other form, an end that is not after the start, or the first or last year that there is.
        """
        wrong = UsageError("not a period", column="period", expected=_FORMS)
        try:
            if match := _CALENDAR.fullmatch(text):
                year, quarter, month = match.groups()
                first_month = 3 * int(quarter) - 2 if quarter else int(month or 1)
                length = 3 if quarter else 1 if month else 12
                first = date(int(year), first_month, 1)
                until = _months_on(first, length)
            elif match := _DAYS.fullmatch(text):
                first, until = map(date.fromisoformat, match.groups())
            else:
                raise wrong
        except ValueError:
            raise wrong from None
        if until <= first:
            raise UsageError("the period ends before it starts", column="period", expected=_FORMS)
        if first.year == MINYEAR or until.year == MAXYEAR:  # which begin or end in no year of other zones
            raise wrong
        return cls(text, first, until, zone)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return midnight(self.until, self.zone)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.until - timedelta(days=1)

    def months(self) -> Iterator[tuple[str, datetime, datetime]]:
        """Each calendar month it touches: ``2026-07``, and the instants it covers of it."""
        first = self.first
        while first < self.until:
            until = min(_months_on(first.replace(day=1), 1), self.until)
            yield f"{first:%Y-%m}", midnight(first, self.zone), midnight(until, self.zone)
            first = until

    def previous(self) -> Period:
        """The period of the same form just before; for two dates, as many days."""
        match = _CALENDAR.fullmatch(self.label)
        if not match:
            first = self.first - (self.until - self.first)
            return Period(f"{first}/{self.first}", first, self.first, self.zone)
        year, quarter, month = match.groups()
        if quarter:
            label = f"{int(year) - 1}Q4" if quarter == "1" else f"{year}Q{int(quarter) - 1}"
        elif month:
            label = f"{_months_on(self.first, -1):%Y-%m}"
        else:
            label = f"{int(year) - 1:04d}"
        return Period.parse(label, self.zone)

    @property
    def slug(self) -> str:
        """Its label, fit for a file name."""
        return self.label.replace("/", "_")


def _months_on(first: date, months: int) -> date:
    """The first of a month some months on."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
