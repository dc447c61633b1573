"""What an importer of a named system gets and gives."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from audit.pseudonyms import Pseudonyms
from audit.sources.content import open_bytes
from audit.strict import Table


@dataclass(frozen=True)
class Export:
    """A file a system exported; ``name`` is how messages and evidence call it."""

    path: Path
    name: str

    def open(self) -> BinaryIO:
        """Its bytes, unpacked where it is .gz or .zst."""
        return open_bytes(self.path)

    def text(self, encoding: str = "utf-8-sig") -> io.TextIOWrapper:
        """Its text; a byte that the encoding does not have raises UnicodeDecodeError while reading."""
        return io.TextIOWrapper(self.open(), encoding, newline="")


@dataclass(frozen=True)
class Row:
    """A row for a table of contracts.md, made of the record at a line (or, in a binary form, at a number) of a file.

    Values are text as a CSV file would hold it, or a list of texts; what is unknown is left out. Nothing that
    identifies a person directly stands in them.
    """

    export: Export
    line: int
    table: str
    values: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Refused:
    """A record that should have given a row of a table and could not.

    ``reason`` is one of ``audit.sources.typed.REASONS``, ``column`` the export's own name of the field, and ``kept``
    what may be kept of the record so that it can be found and mended: ids and dates, nothing that identifies a person.
    """

    export: Export
    line: int
    table: str
    column: str | None
    reason: str
    kept: Mapping[str, str]


@dataclass(frozen=True)
class Aside:
    """A record that no table takes, by its kind: counted, so that every record is accounted for."""

    export: Export
    line: int
    kind: str


Item = Row | Refused | Aside


@dataclass(frozen=True)
class Context:
    """What an importer must know beside the files.

    Attributes:
        pseudonyms: turns what identifies a person into a pseudonym.
        zone: the organisation's zone, for times without an offset.
        system_id: the system in the organisation's register.
        client_id: whose data it is; None is the organisation's own.
    """

    pseudonyms: Pseudonyms
    zone: ZoneInfo
    system_id: str
    client_id: str | None = None


@dataclass(frozen=True)
class System:
    """A kind of system whose exports can be imported.

    Attributes:
        name: the word on the command line and in sources.toml.
        title: what it is and whose, for ``--help``.
        endings: of its files' names, in small letters, without .gz and .zst: what a folder is searched for.
        options: takes its own settings from the source's table in sources.toml (or an empty one); what it does not
            take is refused by the caller as unknown.
        rows: reads the files and gives their records, each file's in its own order. Raises AuditError where a file is
            not what it should be; nothing of it is loaded then.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    options: Callable[[Table], Any]
    rows: Callable[[Sequence[Export], Context, Any], Iterator[Item]]
