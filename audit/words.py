"""Numbers, dates and labels as the reader of one language writes them."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from audit.errors import UsageError
from audit.hidden import Hidden, HiddenShare

_LOCALES = {"en": "en_GB", "sv": "sv_SE"}
NOTHING = "–"


class Words:
    """The message catalogue of a language and its way of writing numbers and dates.

    Args:
        language: ``en`` or another catalogue that ships with the package.
        zone: the zone in which instants are told.

    Raises:
        UsageError: there is no catalogue for the language.
    """

    def __init__(self, language: str = "en", zone: str = "UTC") -> None:
        self.language = language
        self.zone = ZoneInfo(zone)
        self.labels = _catalogue(language)
        self._locale = Locale.parse(_LOCALES[language])

    def say(self, key: str, **values: object) -> str:
        """A label by its dotted key, as ``status.kept``, its places filled with the values."""
        found: Any = self.labels
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values)

    def country(self, code: str) -> str:
        """A country's name by its ISO 3166 code; the code where there is no name."""
        return str(self._locale.territories.get(code, code))

    def integer(self, value: float | int | None) -> str:
        """A whole number with its groups: ``12,345``; what stands for it where it is hidden."""
        if isinstance(value, Hidden):
            return value.text or f"≥ {self.integer(int(value))}"
        return NOTHING if value is None else format_decimal(round(value), "#,##0", self._locale)

    def decimal(self, value: float | None, places: int = 1) -> str:
        """A number with a fixed count of decimals."""
        return NOTHING if value is None else format_decimal(value, f"#,##0.{'0' * places}", self._locale)

    def percent(self, share: float | None) -> str:
        """A share as a percentage with one decimal; never ``100.0%`` of less than all, nor ``0.0%`` of something."""
        if share is None:
            return NOTHING
        if isinstance(share, HiddenShare):
            return str(share)
        if 0.9995 <= share < 1:
            return "> " + self._percent(0.999)
        if 0 < share < 0.0005:
            return "< " + self._percent(0.001)
        return self._percent(share)

    def _percent(self, share: float) -> str:
        return format_percent(share, "#,##0.0%" if self.language == "en" else "#,##0.0 %", self._locale)

    def day(self, value: date | str | None) -> str:
        """A day in a table or figure: ``2026-07-01``."""
        if value is None:
            return NOTHING
        return value if isinstance(value, str) else value.isoformat()

    def long_day(self, value: date | str) -> str:
        """A day in prose: ``1 July 2026``."""
        return format_date(date.fromisoformat(value) if isinstance(value, str) else value, "d MMMM y", self._locale)

    def instant(self, value: datetime | str | None) -> str:
        """An instant in a table: ``2026-07-01 09:14``, on the organisation's clocks."""
        return NOTHING if value is None else f"{self._local(value):%Y-%m-%d %H:%M}"

    def long_instant(self, value: datetime | str) -> str:
        """An instant in prose: ``1 October 2026, 00:00``."""
        return format_datetime(self._local(value), "d MMMM y, HH:mm", locale=self._locale)

    def span(self, start: datetime | str, end: datetime | str) -> str:
        """The days of a period whose end is exclusive: ``1 July – 30 September 2026``."""
        first = self._local(start).date()
        last = (self._local(end) - timedelta(microseconds=1)).date()
        if first == last:
            return self.long_day(first)
        form = "d MMMM" if first.year == last.year else "d MMMM y"
        return f"{format_date(first, form, self._locale)} – {self.long_day(last)}"

    def _local(self, value: datetime | str) -> datetime:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(self.zone)


@cache
def _catalogue(language: str) -> dict[str, Any]:
    path = files("audit") / "templates" / "messages" / f"{language}.toml"
    if language not in _LOCALES or not path.is_file():
        raise UsageError("no catalogue for this language", column="language", expected=" or ".join(_LOCALES))
    return tomllib.loads(path.read_text("utf-8"))
