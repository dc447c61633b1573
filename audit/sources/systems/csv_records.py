"""CSV as systems export it, read record by record: the separator and the encoding are the system's own."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from typing import NoReturn

import zstandard

from audit.errors import AuditError
from audit.sources.systems.export import Export
from audit.strict import Table

# Encodings in which a line break is a byte of its own, so that a line is known before it is decoded.
ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "cp437", "cp850")
_DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
_LONGEST = 1 << 24  # bytes of one line, and characters of one cell: more is no record


@dataclass(frozen=True)
class CsvForm:
    """How an export writes its CSV."""

    delimiter: str = ","
    encoding: str = "utf-8"

    @classmethod
    def of(cls, table: Table) -> CsvForm:
        """The keys ``delimiter`` and ``encoding`` of a source's settings; comma and UTF-8 where they are left out."""
        delimiter = table.text("delimiter", tuple(_DELIMITERS)) if "delimiter" in table else ","
        encoding = table.text("encoding", ENCODINGS) if "encoding" in table else "utf-8"
        return cls(_DELIMITERS[delimiter], encoding)


@dataclass(frozen=True)
class CsvRecord:
    """A record: the line it starts on, and its cells of the columns asked for.

    ``cells`` is None where the record has more or fewer cells than the header.
    """

    line: int
    cells: tuple[str, ...] | None


def csv_records(export: Export, columns: Sequence[str], form: CsvForm) -> Iterator[CsvRecord]:
    """The records of a CSV file with a header, of which no more than one is held in memory.

    Blank lines are no records. Cells come without the spaces around them.

    Args:
        export: the file.
        columns: the columns wanted, by their names in the header, each once.
        form: its separator and encoding.

    Raises:
        AuditError: with file and line: the file cannot be read, is cut off within quotes, is not of this form, or its
            header lacks a column.
    """
    csv.field_size_limit(_LONGEST)
    with closing(_lines(export, form.encoding)) as lines:  # an error holds on to its frames, and they to the open file
        # strict: a quote that is never closed would else swallow the rest of the file without a word.
        reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            places = [_place(export, header, column) for column in columns]
            pick = itemgetter(*places) if len(places) > 1 else None
            line = reader.line_num + 1
            for cells in reader:
                start, line = line, reader.line_num + 1
                if not cells:
                    continue
                if len(cells) != len(header):
                    yield CsvRecord(start, None)
                else:
                    yield CsvRecord(start, tuple(map(str.strip, pick(cells) if pick else (cells[places[0]],))))
        except csv.Error:
            _refuse(export, reader.line_num, "the quotes or line breaks are not those of CSV")


def csv_header(export: Export, form: CsvForm) -> tuple[str, ...]:
    """The column names of a CSV file.

    Raises:
        AuditError: as csv_records.
    """
    with closing(_lines(export, form.encoding)) as lines:
        try:
            return tuple(name.strip() for name in next(csv.reader(lines, delimiter=form.delimiter, strict=True), []))
        except csv.Error:
            _refuse(export, 1, "the quotes or line breaks are not those of CSV")


def _place(export: Export, header: Sequence[str], column: str) -> int:
    found = header.count(column)
    if found == 1:
        return header.index(column)
    raise AuditError(
        "the header has this column twice" if found else "the header has no such column",
        file=export.name,
        line=1,
        column=column,
        fix="Compare the header with the delimiter and the column names declared for this source.",
    )


def _lines(export: Export, encoding: str) -> Generator[str]:
    number = 0
    try:
        with export.open() as file:
            while line := file.readline(_LONGEST):
                number += 1
                if len(line) == _LONGEST and not line.endswith(b"\n"):
                    _refuse(export, number, "a line is longer than any record should be")
                if b"\0" in line:
                    _refuse(export, number, "holds a NUL byte")
                yield line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").decode(encoding)
    except UnicodeDecodeError:
        _refuse(export, number, f"not {encoding} text")
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        _refuse(export, number + 1, "cannot be read to its end")


def _refuse(export: Export, line: int, message: str) -> NoReturn:
    raise AuditError(message, file=export.name, line=line, expected="CSV", fix="Export the file again.") from None
