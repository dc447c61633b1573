"""PAXml files (version 2), read record by record without ever resolving an entity."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from audit.errors import AuditError
from audit.sources.systems.export import Export

_CHUNK = 1 << 16  # bytes
_LARGEST = 1 << 24  # bytes between two records: more is no record
_RECORD = 2  # depth: paxml, section, record


@dataclass(frozen=True)
class Record:
    """What a section of the file holds, whole: the section's name, the line the record starts on, and the record."""

    section: str
    line: int
    element: Element

    def text(self, name: str) -> str:
        """The text of a child; empty where there is none."""
        return (self.element.findtext(name) or "").strip()

    def attribute(self, name: str) -> str:
        """An attribute; empty where there is none."""
        return (self.element.get(name) or "").strip()


class _Parser:
    """Gathers records from what expat tells. A document type is refused before an entity can be declared."""

    def __init__(self, export: Export) -> None:
        self.done: deque[Record] = deque()
        self._export, self._open = export, list[str]()
        self._builder, self._line = TreeBuilder(), 0
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._data

    def feed(self, chunk: bytes) -> None:
        """Read on; an empty chunk is the end."""
        try:
            self._expat.Parse(chunk, not chunk)
        except expat.ExpatError as e:
            self.refuse(f"not XML: {expat.ErrorString(e.code)}", e.lineno)
        except (LookupError, ValueError):  # an encoding that Python has not, or whose bytes do not stand alone
            self.refuse("the encoding is not one that can be read", 1)

    def refuse(self, message: str, line: int | None = None) -> NoReturn:
        """Raise an AuditError at a line, by default the one being read."""
        raise AuditError(
            message,
            file=self._export.name,
            line=line or self._expat.CurrentLineNumber,
            expected="PAXml 2",
            fix="Export the file again.",
        ) from None

    def _doctype(self, *_: object) -> None:
        self.refuse("a document type is declared, which PAXml has not")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != "paxml":
            self.refuse("the file holds something else")
        if len(self._open) == _RECORD:
            self._builder, self._line = TreeBuilder(), self._expat.CurrentLineNumber
        self._open.append(name)
        if len(self._open) > _RECORD:
            self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        if len(self._open) > _RECORD:
            self._builder.end(name)
        self._open.pop()
        if len(self._open) == _RECORD:
            self.done.append(Record(self._open[-1], self._line, self._builder.close()))

    def _data(self, data: str) -> None:
        if len(self._open) > _RECORD:
            self._builder.data(data)


def paxml_records(export: Export) -> Iterator[Record]:
    """The records of every section, and the elements of the header, of which few are held in memory.

    Raises:
        AuditError: with file and line: not XML or cut off, a document type, another document than PAXml, or a record
            larger than any should be.
    """
    parser = _Parser(export)
    with export.open() as file:
        since = 0
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            since = 0 if parser.done else since + len(chunk)
            if since > _LARGEST:
                parser.refuse("a record is larger than any record should be")
            while parser.done:
                yield parser.done.popleft()
    parser.feed(b"")
    yield from parser.done
