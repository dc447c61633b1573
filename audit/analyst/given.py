"""What is typed by instinct and is none: said in one line, with what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from audit.errors import UsageError, nearest
from audit.store import DatabaseError

CLOSED = "Open it again: wb = audit.open()"
_WRITTEN_WRONG = ("ParserException", "BinderException", "CatalogException")
_OF_THE_DATA = {
    "ConversionException": ("a value cannot be read as another type", "TRY_CAST(... AS ...), which gives NULL there"),
    "InvalidInputException": (
        "a function or subquery cannot take what it is given",
        "WHERE, to leave out what it cannot",
    ),
    "OutOfRangeException": ("a number is too large for its type", "a wider one, as HUGEINT or DOUBLE"),
    "PermissionException": ("no file and no other database can be read", "a query over raw, core, law and house"),
}
_TABLES = "wb.tables lists every table with its columns"
_PLACE = re.compile(r"\s+LINE (\d+):.*", re.DOTALL)


class UnknownNameError(UsageError, AttributeError):
    """A name after a dot that there is not, as Python's AttributeError, told in one line."""


def no_name(of: object, name: str, items: Iterable[str], form: str) -> AttributeError:
    """The error for a name after a dot: an item's, which goes in brackets, or none that is known.

    Args:
        of: the object that has no such name.
        name: the name.
        items: what goes in brackets.
        form: how an item is typed, as ``wb["{}"]``.
    """
    if name.startswith("_"):  # asked for by programs, which want Python's own answer
        return AttributeError(f"{type(of).__name__!r} object has no attribute {name!r}")
    expected = form.format(name) if name in items else nearest(name, [n for n in dir(of) if not n.startswith("_")])
    return UnknownNameError("no such name", column=name, expected=expected)


def text(value: object, column: str, expected: str) -> str:
    """A text.

    Raises:
        UsageError: anything else.
    """
    if not isinstance(value, str):
        raise UsageError("not a text", column=column, expected=expected)
    return value


def texts(value: Iterable[str] | str, column: str, expected: str) -> list[str]:
    """One text or several, as a list.

    Raises:
        UsageError: anything else.
    """
    many = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
    return [text(v, column, expected) for v in many]


def written(value: object) -> Any:
    """A period or an instant as it is written: a year may be a number, an instant a date or datetime."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int) else value


def pairs(value: object, column: str, expected: str) -> Mapping[str, Any]:
    """What is set to what, each by its name.

    Raises:
        UsageError: anything else, or nothing.
    """
    if not isinstance(value, Mapping) or not value:
        raise UsageError("nothing to change", column=column, expected=expected)
    return {text(name, column, expected): to for name, to in value.items()}


def of_finding(finding: object, column: str) -> str:
    """A finding's value, where it is a row of ``.findings``, a pandas row of them, or plain data.

    Raises:
        UsageError: no finding.
    """
    found = finding.get(column) if isinstance(finding, Mapping) else getattr(finding, column, None)
    return text(found, "finding", "one row, as wb[CHECK].findings[0]")


@contextmanager
def asking() -> Iterator[None]:
    """What the engine has against a question, as one line without a value, which may be personal.

    Raises:
        UsageError: a question written wrongly, one that the data or the lock does not allow, or a closed bench.
    """
    try:
        yield
    except DatabaseError as error:
        kind = type(error).__name__
        if kind == "ConnectionException":
            raise UsageError("the bench is closed", fix=CLOSED) from None
        if kind in _WRITTEN_WRONG:
            raise _miswritten(str(error)) from None
        if kind not in _OF_THE_DATA:
            raise
        message, expected = _OF_THE_DATA[kind]
        raise UsageError(message, column="sql", expected=expected) from None


def _miswritten(said: str) -> UsageError:
    """What the engine says of a query that it cannot read, without its drawing of the place and its functions."""
    place = _PLACE.search(said)
    told = _PLACE.sub("", said.partition(": ")[2]).partition("Candidate functions")[0]
    is_name = "Table with name" in told or "Referenced column" in told
    column = f"sql, line {place[1]}" if place else "sql"
    return UsageError(" ".join(told.split()).rstrip("."), column=column, fix=_TABLES if is_name else None)
