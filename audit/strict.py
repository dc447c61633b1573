"""Configuration read strictly: what is unknown, missing or of a wrong form is refused with its file and line."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from audit.duration import Duration
from audit.errors import AuditError, UsageError, nearest

T = TypeVar("T")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_LATEST = date(8999, 12, 31)  # from every day until then a limit must be counted: it has a thousand years at most
Path_ = tuple[str | int, ...]


class TomlFile:
    """A TOML file: its tables, the SHA-256 of its bytes, and the lines its keys stand on.

    Args:
        path: the file.
        content: its bytes, where they are not to be read from the path.

    Raises:
        AuditError: it cannot be read, or is not TOML.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        try:
            content = path.read_bytes() if content is None else content
            text = content.decode("utf-8-sig")  # an editor may mark what it saves
            self._values = tomllib.loads(text)
        except OSError as error:
            raise AuditError(f"cannot be read: {error.strerror}", file=path) from None
        except UnicodeDecodeError:
            raise AuditError("not UTF-8 text", file=path) from None
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise AuditError(f"not TOML: {error}", file=path, line=int(line[1]) if line else None) from None
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._lines = dict(_lines(text))

    @property
    def root(self) -> Table:
        return Table(self, (), self._values)

    def put(self, place: tuple[str, ...], value: object) -> None:
        """Read as if another value stood at a place; a key that the file cannot have is refused as it is read.

        Raises:
            UsageError: a part of the place is no table.
        """
        table = self._values
        for name in place[:-1]:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise UsageError("no table", column=".".join(place), expected=f"a key; {name} has none below it")
        table[place[-1]] = value

    def line(self, place: Path_) -> int | None:
        """The line of a key or table, or of the nearest table around it; tomllib keeps none, so it is looked up."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place)


def _lines(text: str) -> Iterator[tuple[Path_, int]]:
    table: Path_ = ()
    seen: Counter[Path_] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            *around, name = (part.strip().strip("\"'") for part in header[2].split("."))
            table = (*_within(around, seen), name)
            if header[1] == "[[":
                seen[table] += 1
                table = (*table, seen[table] - 1)
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, key[1]), number


def _within(names: Iterable[str], seen: Mapping[Path_, int]) -> Path_:
    """The place a header's names lead to: in an array of tables, the latest of it."""
    place: Path_ = ()
    for name in names:
        place = (*place, name)
        place = (*place, seen[place] - 1) if place in seen else place
    return place


class Table:
    """A table whose keys are taken one by one; as a context it refuses, at its end, the keys that nobody took."""

    def __init__(self, file: TomlFile, place: Path_, values: dict[str, Any]) -> None:
        self.file, self.place, self._values = file, place, values
        self._left = dict(values)
        self._known: set[str] = set()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None and self._left:
            key = next(iter(self._left))
            self.refuse("unknown key", key, nearest(key, sorted(self._known)) if self._known else None)

    def refuse(self, message: str, key: str | None = None, expected: str | None = None) -> NoReturn:
        """Raise an AuditError at a key's line."""
        place = (*self.place, key) if key else self.place
        column = ".".join(str(p) for p in place if isinstance(p, str)) or None
        raise AuditError(message, file=self.file.path, line=self.file.line(place), column=column, expected=expected)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, key: str) -> bool:
        self._known.add(key)
        return key in self._values

    def plain(self) -> dict[str, Any]:
        """Everything that stands in it, as it was written."""
        return dict(self._values)

    def _take(self, key: str, kind: type[T], expected: str) -> T:
        self._known.add(key)
        if key not in self._values:
            self.refuse("missing key", key, expected)
        value = self._left.pop(key)
        mistaken = (isinstance(value, bool) and kind is not bool) or isinstance(value, datetime)
        if mistaken or not isinstance(value, kind):
            self.refuse("wrong type", key, expected)
        return value

    def text(self, key: str, choices: Collection[str] | None = None) -> str:
        """Text that is not empty; of a vocabulary, if one is given."""
        value = self._take(key, str, "text").strip()
        if not value:
            self.refuse("empty", key, "text")
        if choices is not None and value not in choices:
            self.refuse("not in the vocabulary", key, f"one of {', '.join(choices)}")
        return value

    def optional(self, key: str) -> str | None:
        """Text that is not empty; None where the key is left out."""
        return self.text(key) if key in self else None

    def texts(self, key: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of different texts, which may be empty."""
        values = self._take(key, list, "a list of texts")
        if not all(isinstance(v, str) and v.strip() for v in values):
            self.refuse("wrong type", key, "a list of texts")
        if len(set(values)) < len(values):
            self.refuse("a value stands twice", key, "each value once")
        if choices is not None and not set(values) <= set(choices):
            self.refuse("not in the vocabulary", key, f"any of {', '.join(choices)}")
        return tuple(values)

    def flag(self, key: str) -> bool:
        return self._take(key, bool, "true or false")

    def count(self, key: str) -> int:
        """A whole number, not negative."""
        value = self._take(key, int, "a whole number")
        if value < 0:
            self.refuse("negative", key, "a whole number, 0 or more")
        return value

    def day(self, key: str) -> date:
        return self._take(key, date, "a date without quotes, as 2018-05-25")

    def duration(self, key: str) -> Duration:
        """An ISO 8601 duration, so short that a limit of it ends within the calendar."""
        text = self.text(key)
        try:
            duration = Duration.parse(text)
            duration.after_day(_LATEST)
        except UsageError as error:
            self.refuse(error.message, key, error.expected)
        return duration

    def table(self, key: str) -> Table:
        return Table(self.file, (*self.place, key), self._take(key, dict, "a table"))

    def tables(self, key: str) -> list[Table]:
        """The tables of an array of tables, of which there must be one."""
        rows = self._take(key, list, "an array of tables")
        if not rows or not all(isinstance(row, dict) for row in rows):
            self.refuse("wrong type", key, "an array of tables")
        return [Table(self.file, (*self.place, key, n), row) for n, row in enumerate(rows)]
