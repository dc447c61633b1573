"""The fields of a JSON record, each read as what it should be; and the rows made of them, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from audit.sources.systems.export import Aside, Context, Export, Refused, Row

Object = Mapping[str, Any]
_LATEST = datetime(2101, 1, 1, tzinfo=UTC).timestamp()  # later, it was milliseconds


class FieldError(Exception):
    """A field that is not what it should be; ``reason`` is one of ``audit.sources.typed.REASONS``."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


def text(record: Object, name: str) -> str | None:
    """A field's text, or a number as text; None where it is null, empty or not there."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FieldError(name, "unparsable")
    return str(value).strip() or None


def needed(record: Object, name: str) -> str:
    """A field's text, which must be there."""
    value = text(record, name)
    if value is None:
        raise FieldError(name, "missing")
    return value


def flag(record: Object, name: str) -> bool:
    """A field that is true or false; false where it is null or not there."""
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise FieldError(name, "unparsable")
    return bool(value)


def inner(record: Object, name: str) -> Object:
    """An object within a record; an empty one where it is null or not there."""
    value = record.get(name)
    if value is not None and not isinstance(value, dict):
        raise FieldError(name, "unparsable")
    return value or {}


def several(record: Object, name: str) -> list[Object]:
    """A list of objects within a record; an empty one where it is null or not there."""
    value = record.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
        raise FieldError(name, "unparsable")
    return value or []


def epoch(record: Object, name: str) -> str | None:
    """An instant that stands in seconds since 1970, in ISO 8601; None where it is null or not there.

    A number that would lie after the year 2100 is one of milliseconds and cannot be read: nobody said so.
    """
    value = text(record, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value[:20]) < _LATEST):
        raise FieldError(name, "unparsable")
    return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def needed_epoch(record: Object, name: str) -> str:
    """An instant that must be there."""
    value = epoch(record, name)
    if value is None:
        raise FieldError(name, "missing")
    return value


def iso(record: Object, name: str) -> str | None:
    """An instant in ISO 8601, with its offset where it has one; None where it is null or not there."""
    value = text(record, name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError:
        raise FieldError(name, "unparsable") from None


def needed_iso(record: Object, name: str) -> str:
    """An instant in ISO 8601 that must be there."""
    value = iso(record, name)
    if value is None:
        raise FieldError(name, "missing")
    return value


@dataclass(frozen=True)
class Maker:
    """Makes the rows of one record: of an export's line, in a context."""

    export: Export
    line: int
    context: Context

    def row(
        self, table: str, known: Mapping[str, str | None], rest: Callable[[], Mapping[str, str | None]]
    ) -> Row | Refused:
        """A row of a table, or what is known of it where a field of the rest is not what it should be.

        Args:
            table: of contracts.md.
            known: ids and what is the same for all; None is left out, as everywhere.
            rest: makes the other columns; raises FieldError.
        """
        kept = {name: value for name, value in known.items() if value is not None}
        try:
            values = kept | {name: value for name, value in rest().items() if value is not None}
        except FieldError as error:
            return self.refused(table, error.column, error.reason, kept)
        return Row(self.export, self.line, table, values)

    def refused(self, table: str, column: str | None, reason: str, kept: Mapping[str, str] | None = None) -> Refused:
        """The record as one that should have given a row, or more rows, of a table."""
        return Refused(self.export, self.line, table, column, reason, kept or {})

    def aside(self, kind: str) -> Aside:
        """The record, or a part of it, as one that no table takes."""
        return Aside(self.export, self.line, kind)
