"""Flat exports: CSV with a header, or JSON Lines, of which a documentation names the columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.sources.systems.csv_records import CsvForm, csv_header, csv_records
from audit.sources.systems.dates import Dates
from audit.sources.systems.export import Aside, Export, Refused
from audit.sources.systems.json_fields import FieldError, text
from audit.sources.systems.json_records import JsonFile

_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Columns:
    """The columns of a flat export.

    Attributes:
        required: must be there.
        optional: are taken where they are there.
        dropped: are known and never taken: names, addresses, free text.
    """

    required: Sequence[str]
    optional: Sequence[str] = ()
    dropped: Sequence[str] = ()

    @property
    def taken(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class Flat:
    """A record: the line it starts on, its taken columns, and how it writes dates. Each reading raises FieldError."""

    export: Export
    line: int
    values: Mapping[str, Any]
    dates: Dates

    def text(self, column: str) -> str | None:
        """A value, None where there is none."""
        value = self.values.get(column)
        # Nearly all are texts, without spaces around them, and are asked for millions of times.
        return value or None if type(value) is str else text(self.values, column)

    def needed(self, column: str) -> str:
        """A value that must be there."""
        value = self.text(column)
        if value is None:
            raise FieldError(column, "missing")
        return value

    def plain(self, column: str) -> str | None:
        """A value that is kept as it stands: refused where it has an at sign in it, as an e-mail address has."""
        value = self.text(column)
        if value and "@" in value:
            raise FieldError(column, "unparsable")
        return value

    def word(self, column: str, choices: Collection[str]) -> str | None:
        """A value of a vocabulary, None where there is none."""
        value = self.text(column)
        if value and value not in choices:
            raise FieldError(column, "not_in_vocabulary")
        return value

    def instant(self, column: str) -> str | None:
        """A date or an instant in ISO 8601, None where there is none."""
        value = self.text(column)
        if value is None:
            return None
        iso = self.dates.iso(value, self.export, self.line, column)
        if iso is None:
            raise FieldError(column, "unparsable")
        return iso

    def needed_instant(self, column: str) -> str:
        """A date or an instant that must be there."""
        iso = self.instant(column)
        if iso is None:
            raise FieldError(column, "missing")
        return iso


def read_flat(
    export: Export, columns: Columns, form: CsvForm, dates: Dates, table: str
) -> Iterator[Flat | Refused | Aside]:
    """The records of a file, of which no more than one is held in memory.

    A column that the documentation does not name is told once, as an Aside; a record that has not the file's form is
    Refused for the table. JSON Lines have no header: a required column is one that each record must have.

    Raises:
        AuditError: a required column is missing in the header, or the file cannot be read.
    """
    name = export.name.lower().removesuffix(".gz").removesuffix(".zst")
    if name.endswith(_JSON_LINES):
        return _json_lines(export, columns, dates, table)
    return _csv(export, columns, form, dates, table)


def _csv(export: Export, columns: Columns, form: CsvForm, dates: Dates, table: str) -> Iterator[Flat | Refused | Aside]:
    header = csv_header(export, form)
    yield from _untaken(export, columns, header, 1)
    wanted = (*columns.required, *(c for c in columns.optional if c in header))
    for record in csv_records(export, wanted, form):
        if record.cells is None:
            yield Refused(export, record.line, table, None, "malformed", {})
        else:
            yield Flat(export, record.line, dict(zip(wanted, record.cells, strict=True)), dates)


def _untaken(export: Export, columns: Columns, names: Sequence[str], line: int) -> Iterator[Aside]:
    known = {*columns.taken, *columns.dropped}
    for name in dict.fromkeys(names):
        if name not in known:
            yield Aside(export, line, f"unknown column, not taken: {name}")


def _json_lines(export: Export, columns: Columns, dates: Dates, table: str) -> Iterator[Flat | Refused | Aside]:
    seen: set[str] = set()
    for record in JsonFile(export):
        if not isinstance(record.value, dict):
            yield Refused(export, record.line, table, None, "malformed", {})
            continue
        if not record.value.keys() <= seen:
            yield from _untaken(export, columns, [n for n in record.value if n not in seen], record.line)
            seen.update(record.value)
        given = ((c, record.value[c]) for c in columns.taken if c in record.value)
        yield Flat(export, record.line, {c: v.strip() if isinstance(v, str) else v for c, v in given}, dates)
