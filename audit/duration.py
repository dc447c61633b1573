"""ISO 8601 durations, and what adding one to a day or to an instant means."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.errors import UsageError

HOUR = 60 * 60
DAY = 24 * HOUR

# No longer than a limit can be counted, as the contracts have it.
_FORM = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Duration:
    """A span of whole calendar months, days and seconds, as ``P24M``, ``P1Y6M``, ``P2W`` or ``PT72H``.

    Years are twelve months and weeks seven days. ``text`` is how it was written and is not compared.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read an ISO 8601 duration of whole numbers, without a sign, of up to 9999 years.

        Raises:
            UsageError: any other form.
        """
        match = _FORM.fullmatch(text)
        if not match:
            raise UsageError("not a duration", expected="ISO 8601, as P24M, P30D or PT72H")
        years, months, weeks, days, hours, minutes, seconds = (int(g or 0) for g in match.groups())
        return cls(12 * years + months, 7 * weeks + days, HOUR * hours + 60 * minutes + seconds, text)

    def __str__(self) -> str:
        """As it was written, else in its shortest form: ``P0D`` for nothing."""
        if self.text:
            return self.text
        years, months = divmod(self.months, 12)
        hours, rest = divmod(self.seconds, HOUR)
        minutes, seconds = divmod(rest, 60)
        day = "".join(f"{n}{u}" for n, u in ((years, "Y"), (months, "M"), (self.days, "D")) if n)
        clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        return f"P{day}{'T' if clock else ''}{clock}" if day or clock else "P0D"

    @property
    def words(self) -> str:
        """In words, as ``1 month``, ``7 years`` or ``72 hours``."""
        parts = []
        if self.months:
            parts.append(_count(self.months // 12, "year") if self.months % 12 == 0 else _count(self.months, "month"))
        if self.days:
            parts.append(_count(self.days, "day"))
        if self.seconds:
            hours = self.seconds % HOUR == 0
            parts.append(_count(self.seconds // HOUR, "hour") if hours else _count(self.seconds, "second"))
        return " and ".join(parts) or "0 days"

    @property
    def whole_days(self) -> int:
        """Its days, hours counted as days and a part of a day as a whole one; what they are on a day with no hour."""
        return self.days + -(-self.seconds // DAY)

    def after_day(self, day: date) -> date:
        """The day this far on in the calendar: months first, clamped to the month's last day, then days.

        Raises:
            UsageError: it lies beyond the year 9999.
        """
        try:
            return add_months(day, self.months) + timedelta(days=self.whole_days)
        except (OverflowError, ValueError):
            raise UsageError("the time limit ends beyond the year 9999", expected="a shorter duration") from None

    def after_instant(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The instant this far on, in the zone: months by the wall clock, then elapsed time, a day being 24 hours.

        Of an hour that occurs twice, months lead to the first, as a local time without an offset is read.

        Raises:
            UsageError: it lies beyond the year 9999.
        """
        try:
            local = instant.astimezone(zone)
            if self.months:
                local = datetime.combine(add_months(local.date(), self.months), local.timetz().replace(fold=0))
            elapsed = timedelta(seconds=self.days * DAY + self.seconds)
            return (local.astimezone(UTC) + elapsed).astimezone(zone)
        except (OverflowError, ValueError):
            raise UsageError("the time limit ends beyond the year 9999", expected="a shorter duration") from None


def add_months(day: date, months: int) -> date:
    """The same day number some months on, or that month's last day where it has none (31 January + 1 = 28 February).

    Regulation (EEC, Euratom) No 1182/71, Article 3(2)(c).
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
