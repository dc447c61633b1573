"""Numbers, dates and labels as the reader of one language writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from audit.errors import UsageError
from audit.hidden import Hidden, HiddenShare
from audit.messages import catalogue, is_plural

_LOCALES = {"en": "en_GB", "sv": "sv_SE"}
NOTHING = "–"
_MARK = re.compile(r"(\*\*|`)")
_STYLES = {"**": "strong", "`": "code"}


class Words:
    """The message catalogue of a language and its way of writing numbers and dates.

    Args:
        language: ``en`` or another catalogue that ships with the package.
        zone: the zone in which instants are told.
        terms: the organisation's own names of things in the language, by their codes.

    Raises:
        UsageError: there is no catalogue for the language.
    """

    def __init__(self, language: str = "en", zone: str = "UTC", terms: Mapping[str, str] | None = None) -> None:
        self.language = language
        self.zone = ZoneInfo(zone)
        self.labels = catalogue(language)
        self._terms = terms or {}
        self._locale = Locale.parse(_LOCALES[language])

    def say(self, key: str, **values: object) -> str:
        """A message by its dotted key, as ``status.kept``, its places filled; whole numbers are written with groups.

        A message with forms takes the one for the value ``n``.

        Raises:
            UsageError: the language has no such message.
        """
        return self._message(key, values).format(**self._told(values))

    def runs(self, key: str, **values: object) -> list[Any]:
        """The same as runs of text: ``**strong**`` and `` `code` `` in the message set words off, never in a value."""
        told, style, made = self._told(values), None, list[Any]()
        for part in _MARK.split(self._message(key, values)):
            if part in _STYLES:
                style = None if style else _STYLES[part]
            elif text := part.format(**told):
                made.append({style: text} if style else text)
        return made

    def _message(self, key: str, values: Mapping[str, object]) -> str:
        found: Any = self.labels
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                raise UsageError("this text is not translated", column=key, fix="Make the report in English")
            found = found[part]
        if not is_plural(found):
            return str(found)
        number = values["n"]
        if "none" in found and not number:
            return str(found["none"])
        return str(found["one" if "one" in found and self._told(values)["n"] == "1" else "other"])

    def _told(self, values: Mapping[str, object]) -> dict[str, object]:
        """Numbers as the reader writes them."""
        return {k: self.integer(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in values.items()}

    def noun(self, name: str, n: int | None = None) -> str:
        """What is counted: ``events``, or ``event`` when there is one; a table's rows by the table's name."""
        short = name.removeprefix("core.")
        forms = self.labels["nouns"].get(short)
        return str(forms["one" if n is not None and self.integer(n) == "1" else "other"]) if forms else self.code(short)

    def code(self, code: str) -> str:
        """A code as words: the organisation's own name of it, the catalogue's, or its parts."""
        known = self._terms.get(code) or self.labels["codes"].get(code)
        spelt = self.labels["spelt"]
        return str(known) if known else " ".join(spelt.get(part, part) for part in code.split("_"))

    def title(self, key: str | None) -> str | None:
        """A title by its key, as ``quarterly_report``; any other text as it is."""
        return str(self.labels["title"].get(key, key)) if key else None

    def phrase(self, text: str) -> str:
        """A text of the law's or the organisation's files in the language; as it is where it has no other."""
        return str(self._terms.get(text) or self.labels["codes"].get(text) or text)

    def article(self, text: str) -> str:
        """Articles as lawyers of the language cite them: ``GDPR 6(1)(a)``, in Swedish ``GDPR 6.1 a``."""
        if self.language != "sv":
            return text
        text = re.sub(r"\)-\((\d+)\)", r")–\1", text)
        return re.sub(r"\(([a-z])\)", r" \1", re.sub(r"\((\d+)\)", r".\1", text))

    def month(self, value: str) -> str:
        """``2026-07`` as ``July 2026``."""
        return self._date(date.fromisoformat(f"{value}-01"), "LLLL y")

    def country(self, code: str) -> str:
        """A country's name by its ISO 3166 code; the code where there is no name."""
        return str(self._locale.territories.get(code, code))

    def integer(self, value: float | int | None) -> str:
        """A whole number with its groups: ``12,345``; what stands for it where it is hidden."""
        if isinstance(value, Hidden):
            return f"≥ {self.integer(int(value))}" if value.text is None and int(value) else str(value)
        return NOTHING if value is None else format_decimal(round(value), "#,##0", self._locale)

    def listed(self, parts: Sequence[str]) -> str:
        """``a``, ``a and b``, ``a, b and c``."""
        return format_list(list(parts), locale=self._locale)

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
        return format_percent(share, "#,##0.0%" if self.language == "en" else "#,##0.0\xa0%", self._locale)

    def day(self, value: date | str | None) -> str:
        """A day in a table or figure: ``2026-07-01``."""
        if value is None:
            return NOTHING
        return value if isinstance(value, str) else value.isoformat()

    def long_day(self, value: date | str) -> str:
        """A day in prose: ``1 July 2026``."""
        return self._date(date.fromisoformat(value) if isinstance(value, str) else value, "d MMMM y")

    def instant(self, value: datetime | str | None) -> str:
        """An instant in a table: ``2026-07-01 09:14``, on the organisation's clocks."""
        return NOTHING if value is None else f"{self._local(value):%Y-%m-%d %H:%M}"

    def long_instant(self, value: datetime | str) -> str:
        """An instant in prose: ``1 October 2026, 00:00``."""
        return self._date(self._local(value), "d MMMM y, HH:mm")

    def span(self, start: datetime | str, end: datetime | str) -> str:
        """The days of a period whose end is exclusive: ``1 July – 30 September 2026``."""
        first = self._local(start).date()
        last = (self._local(end) - timedelta(microseconds=1)).date()
        if first == last:
            return self.long_day(first)
        form = "d MMMM" if first.year == last.year else "d MMMM y"
        return f"{self._date(first, form)} – {self.long_day(last)}"

    def _date(self, value: date, form: str) -> str:
        from babel.dates import format_date, format_datetime  # late: it looks for the machine's own zone

        write = format_datetime if isinstance(value, datetime) else format_date
        return str(write(value, form, locale=self._locale))

    def _local(self, value: datetime | str) -> datetime:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(self.zone)
