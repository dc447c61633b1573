"""Dates as a system writes them: ISO 8601 or a declared format. The order of day and month is never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NoReturn
from zoneinfo import ZoneInfo

from audit.errors import AuditError
from audit.sources.systems.export import Export
from audit.strict import Table

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_SOME_DATE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}([T, ].*)?")
# A day by which a format is tried: none of its parts can be taken for another.
_TRIED = datetime(2027, 11, 29, 13, 14, tzinfo=UTC)
_FIX = 'Declare how the export writes dates: date_format = "%d-%m-%Y %H:%M" has the day first, "%m/%d/%Y" the month.'


class Dates:
    """How the columns of an export write dates.

    Args:
        usual: the format of every column, as ``datetime.strptime`` takes it; None is ISO 8601.
        special: the format of single columns.
    """

    def __init__(self, usual: str | None = None, special: Mapping[str, str] | None = None) -> None:
        self._usual, self._special = usual, dict(special or {})

    @classmethod
    def of(cls, table: Table) -> Dates:
        """The keys ``date_format`` and ``date_formats`` (by column) of a source's settings.

        Raises:
            AuditError: a format from which a date cannot be read again.
        """
        usual = _format(table, "date_format") if "date_format" in table else None
        if "date_formats" not in table:
            return cls(usual)
        with table.table("date_formats") as special:
            return cls(usual, {column: _format(special, column) for column in special})

    def iso(self, text: str, export: Export, line: int, column: str) -> str | None:
        """A date or an instant in ISO 8601, local unless it has an offset; None where it cannot be read.

        Raises:
            AuditError: no format is declared for dates that are not ISO 8601, or the one declared has the day where
                this date has the month.
        """
        form = self._special.get(column, self._usual)
        if form is None:
            if not _ISO.fullmatch(text) and _SOME_DATE.fullmatch(text):
                _refuse("the order of day and month is not declared", export, line, column)
            return text if _ISO.fullmatch(text) else None
        read = _read(text, form)
        if read is None and _read(text, _swapped(form)):
            _refuse("a date has day and month the other way round than declared", export, line, column)
        return read


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day that an instant or local time is of in a zone; as it was written, where that lies beyond all years."""
    try:
        return at.astimezone(zone).date() if at.tzinfo else at.date()
    except OverflowError:
        return at.date()


def _refuse(message: str, export: Export, line: int, column: str) -> NoReturn:
    raise AuditError(message, file=export.name, line=line, column=column, fix=_FIX)


@lru_cache(4096)  # a log says most of its times several times
def _read(text: str, form: str) -> str | None:
    try:
        read = datetime.strptime(text, form)  # noqa: DTZ007  # local time: the loader knows the organisation's zone
    except ValueError:
        return None
    return read.isoformat() if _has_time(form) else read.date().isoformat()


def _swapped(form: str) -> str:
    return form.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")


def _has_time(form: str) -> bool:
    return any(sign in form for sign in ("%H", "%I"))


def _format(table: Table, key: str) -> str:
    form = table.text(key)
    tried = _TRIED if "%z" in form else _TRIED.replace(tzinfo=None)
    expected = tried.isoformat() if _has_time(form) else tried.date().isoformat()
    try:
        written = tried.strftime(form)
    except ValueError:
        written = ""
    if _read(written, form) != expected:
        table.refuse("no format from which a date can be read", key, 'as "%d-%m-%Y %H:%M" or "%m/%d/%Y"')
    return form
