"""JSON as systems export it, read record by record: JSON Lines, an array, or an object around a list."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import zstandard

from audit.errors import AuditError
from audit.sources.systems.export import Export

_CHUNK = 1 << 20  # bytes
_LARGEST = 32 << 20  # characters of one record: more is no record, and would not fit a small machine's memory
_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MARGIN = 16  # characters: what ends, or seems broken, so near the end of the text held may be cut (1.5e | 3)


@dataclass(frozen=True)
class Record:
    """A value of a file.

    Attributes:
        line: the line it starts on, from 1.
        value: what it is: text, number, bool, None, list or dict.
        list: the path of the list it stood in, as ``log.entries``; None of an array's elements and a line's own value.
    """

    line: int
    value: Any
    list: str | None = None


@dataclass(frozen=True)
class Around:
    """An object that was around a list: the line it starts on, and its members but for the list."""

    line: int
    beside: Mapping[str, Any]


class JsonFile:
    """The records of a JSON file, in its order and once, of which no more than one is held in memory.

    Read are JSON Lines, an array, one object, and objects around a list, one or many of them after each other. Half a
    character (an escape of one surrogate, as cut text has it) comes as a question mark.

    Args:
        export: the file, which is UTF-8.
        lists: the paths at which an object may have a list of records, as ``data`` or ``log.entries``. An object that
            has a list at one of them is around it; any other is a record itself.

    Attributes:
        around: the objects around lists that were read so far; complete when the records are.
    """

    def __init__(self, export: Export, *lists: str) -> None:
        self.around: list[Around] = []
        self._lists = {tuple(path.split(".")) for path in lists}
        self._on_the_way = {path[:n] for path in self._lists for n in range(1, len(path))}
        self._text = _Text(export)

    def __iter__(self) -> Iterator[Record]:
        """Raises AuditError, with file and line, where the file cannot be read, is cut off, or is not JSON."""
        with self._text as text:
            while char := text.peek():
                if char == "[":
                    yield from self._elements(None)
                elif char == "{" and self._lists:
                    yield from self._object()
                else:
                    yield Record(text.line, text.value())

    def _elements(self, name: str | None) -> Iterator[Record]:
        self._text.take("[")
        if self._text.peek() == "]":
            self._text.take("]")
            return
        while True:
            self._text.peek()
            yield Record(self._text.line, self._text.value(), name)
            if self._text.take(",]") == "]":
                return

    def _object(self) -> Iterator[Record]:
        """An object that may be around a list: its records, or itself as the record."""
        line = self._text.line
        # A line of JSON Lines is in the text already and quickly read as a whole; the rest goes member by member.
        ahead = self._text.ahead()
        if ahead and not self._has_list(ahead[0], ()):
            self._text.at = ahead[1]
            yield Record(line, ahead[0])
            return
        found: list[tuple[str, ...]] = []
        members = yield from self._members((), found)
        if found:
            self.around.append(Around(line, members))
        else:
            yield Record(line, members)

    def _has_list(self, value: dict[str, Any], path: tuple[str, ...]) -> bool:
        for key, member in value.items():
            here = (*path, key)
            if here in self._lists and isinstance(member, list):
                return True
            if here in self._on_the_way and isinstance(member, dict) and self._has_list(member, here):
                return True
        return False

    def _members(self, path: tuple[str, ...], found: list[tuple[str, ...]]) -> Generator[Record, None, dict[str, Any]]:
        """Gives the records of the lists among an object's members; returns the other members."""
        text, members = self._text, dict[str, Any]()
        text.take("{")
        if text.peek() == "}":
            text.take("}")
            return members
        while True:
            key = text.key()
            here, char = (*path, key), text.peek()
            if here in self._lists and char == "[":
                found.append(here)
                yield from self._elements(".".join(here))
            elif here in self._on_the_way and char == "{":
                members[key] = yield from self._members(here, found)
            else:
                members[key] = text.value()
            if text.take(",}") == "}":
                return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class _Text:
    """A file's text, of which what is read next is held; ``at`` is where that begins."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._stream: BinaryIO | None = None
        self._held, self.at = "", 0
        self._counted, self._line = 0, 1  # the line of a place in the text held
        self._ended = False

    def __enter__(self) -> _Text:
        self._stream = self._export.open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream:
            self._stream.close()

    @property
    def line(self) -> int:
        """The line of what is read next."""
        self._line += self._held.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        while True:
            space = _SPACE.match(self._held, self.at)
            assert space  # it matches nothing, too
            self.at = space.end()
            if self.at < len(self._held) or self._ended:
                return self._held[self.at : self.at + 1]
            self._read_on()

    def take(self, choices: str) -> str:
        """The next character, which must be one of these."""
        char = self.peek()
        if not char or char not in choices:
            self._refuse(self.at)
        self.at += 1
        return char

    def key(self) -> str:
        """A member's name and the colon after it."""
        if self.peek() != '"':
            self._refuse(self.at)
        name: str = self.value()
        self.take(":")
        return name

    def value(self) -> Any:
        """The next value, which is passed by."""
        self.peek()
        while (found := self.ahead()) is None:
            if len(self._held) - self.at > _LARGEST:
                raise AuditError(
                    "a record is larger than any record should be",
                    file=self._export.name,
                    line=self.line,
                    expected=f"at most {_LARGEST:,} characters",
                )
            self._read_on()
        value, self.at = found
        return value

    def ahead(self) -> tuple[Any, int] | None:
        """The next value and where it ends, or None where more of the file must be read to know."""
        try:
            value, end = _DECODER.raw_decode(self._held, self.at)
        except json.JSONDecodeError as error:
            place = len(self._held) if error.msg.startswith("Unterminated string") else error.pos
            if self._ended or place < len(self._held) - _MARGIN:
                self._refuse(place)
            return None
        except (ValueError, RecursionError):  # NaN; a number of thousands of digits; thousands of brackets
            self._refuse(self.at)
        if end > len(self._held) - _MARGIN and not self._ended:
            return None
        if _SURROGATE.search(self._held, self.at, end):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return value, end

    def _read_on(self) -> None:
        """Hold more of the file: at least as much as now, so that a long record is not tried too often."""
        assert self._stream
        before = self.line
        try:
            chunk = self._stream.read(max(_CHUNK, len(self._held) - self.at))
        except (OSError, EOFError, zlib.error, zstandard.ZstdError):
            self._cannot("cannot be read to its end", before)
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            lines = self._held.count("\n", self.at) + error.object.count(b"\n", 0, error.start)
            self._cannot("not UTF-8 text", before + lines)
        if "\0" in text:
            lines = self._held.count("\n", self.at) + text.count("\n", 0, text.index("\0"))
            self._cannot("holds a NUL byte", before + lines)
        self._ended = not chunk
        self._held, self.at, self._counted = self._held[self.at :] + text, 0, 0

    def _refuse(self, place: int) -> NoReturn:
        """Raise an AuditError for what stands at a place in the text held."""
        line = self.line + self._held.count("\n", self.at, place)
        if self._ended and not self._held[place:].strip(" \t\r\n"):
            self._cannot("ends in the middle of a record", line)
        self._cannot("not JSON", line)

    def _cannot(self, message: str, line: int) -> NoReturn:
        raise AuditError(
            message, file=self._export.name, line=line, expected="JSON in UTF-8", fix="Export the file again."
        ) from None
