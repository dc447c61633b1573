"""Reading exports: their records as rows, each counted, and what cannot be read said with its place."""

from __future__ import annotations

import codecs
import csv
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

from audit.errors import AuditError
from audit.sources.border import without_persons
from audit.sources.mapping import Batch
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, Row

_CHUNK = 1 << 20
_LONGEST = 1 << 19  # characters of a row: the engine reads no line of more than two million bytes
_BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)


@dataclass
class Tally:
    """What was read from an export: rows and refused records by table, and records set aside by their kind."""

    export: Export
    rows: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)

    def add(self, item: Item) -> None:
        """Count one."""
        match item:
            case Row():
                self.rows[item.table] += 1
            case Refused():
                self.refused[item.table] += 1
            case Aside():
                self.aside[item.kind] += 1

    @property
    def read(self) -> int:
        """Everything that was read: what became a row, was refused, or was set aside."""
        return self.rows.total() + self.refused.total() + self.aside.total()

    def record(self) -> dict[str, Any]:
        """As a manifest names it."""
        counts = {name: dict(sorted(getattr(self, name).items())) for name in ("rows", "refused", "aside")}
        return {"read": self.read} | counts


def items(batch: Batch, context: Context) -> Iterator[Item]:
    """What the exports of a batch give.

    Raises:
        AuditError: an export cannot be read, with the line where that can be told.
    """
    try:
        for item in batch.system.rows(batch.exports, context, batch.options):
            yield without_persons(_refused_if_long(item) if isinstance(item, Row) else item, context.pseudonyms)
    except (*_BROKEN, UnicodeDecodeError, csv.Error) as e:
        raise _unreadable(batch.exports, e) from None


def _refused_if_long(row: Row) -> Row | Refused:
    cells = row.values.values()
    texts = cells if set(map(type, cells)) == {str} else map(cell, cells)
    if len("".join(texts)) <= _LONGEST:  # type: ignore[arg-type]
        return row
    lengths = {name: len(cell(value)) for name, value in row.values.items()}
    return Refused(row.export, row.line, row.table, max(lengths, key=lengths.__getitem__), "malformed", {})


def _unreadable(exports: Sequence[Export], error: Exception) -> AuditError:
    """What to say when reading broke off, with the export that is at fault."""
    encoding = error.encoding if isinstance(error, UnicodeDecodeError) else "latin-1"
    for export in exports:
        decoder, line, chunk = codecs.getincrementaldecoder(encoding)(), 1, b" "
        try:
            with export.open() as file:
                while chunk:
                    chunk = file.read(_CHUNK)
                    decoder.decode(chunk, final=not chunk)
                    line += chunk.count(b"\n")
        except UnicodeDecodeError as e:
            line += e.object.count(b"\n", 0, e.start)
            return AuditError(f"not {encoding} text", file=export.name, line=line, fix="Export the file again.")
        except _BROKEN as e:
            return AuditError(f"cannot be read: {_why(e)}", file=export.name, fix="Export the file again.")
    names = ", ".join(export.name for export in exports)
    return AuditError(f"cannot be read: {_why(error)}", file=names, fix="Export the files again.")


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is cut off, or is not what its name says"


def cell(value: str | Sequence[str]) -> str:
    """A value as a CSV file holds it: a list ``;``-separated, or as JSON where a value of it would be taken apart."""
    if isinstance(value, str):
        return value
    text = ";".join(value)
    if text.startswith("[") or text.count(";") >= len(value) > 0:
        return json.dumps(list(value), ensure_ascii=False)
    return text
