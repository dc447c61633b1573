"""CSV as RFC 4180 has it: read by the engine as it stands, or put in order first where lines and records differ."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from audit.errors import AuditError
from audit.snapshot import literal
from audit.sources.files import Source, open_text

_FIELD_LIMIT = 1 << 24


def describe(source: Source) -> Source:
    """Read the header: the file's columns and the line of its first record.

    Raises:
        AuditError: no header, one that is not UTF-8, or not separated by commas.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    with open_text(source.path) as text:
        reader = csv.reader(text)
        try:
            header = next(reader)
        except StopIteration:
            raise AuditError("the file is empty", file=source.name, expected="a header row") from None
        except csv.Error as e:
            raise AuditError(f"the header cannot be read: {e}", file=source.name, line=1) from None
        first_line = reader.line_num + 1
    if len(header) == 1 and ";" in header[0]:
        raise AuditError(
            "the header is not separated by commas", file=source.name, line=1, fix="Export it with commas."
        )
    return source.put_in_order(columns=dict.fromkeys(header, "VARCHAR"), first_line=first_line)


def relation(sources: Sequence[Source]) -> str:
    """The table function that reads files of the same header, with what it refuses kept aside."""
    paths = ", ".join(literal(str(s.reading)) for s in sources)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in sources[0].columns)
    return (
        f"read_csv([{paths}], auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"',"
        f" columns = {{{columns}}}, filename = true, store_rejects = true)"
    )


def put_in_order(source: Source, temporary: Path) -> Source:
    """Write the file again so that each record is one the engine reads, and remember where each stood.

    Only for files in which lines and records differ (line breaks within quotes, blank lines): the reader walks every
    row, so nothing large comes this way unless it is of that kind.
    """
    shifts: list[tuple[int, int]] = []
    malformed: list[tuple[int, str]] = []
    width, record, delta = len(source.columns), 0, 0
    with open_text(source.path) as text, temporary.open("w", encoding="utf-8", newline="") as out:
        reader, writer = csv.reader(text), csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(next(reader))
        line = reader.line_num + 1
        for row in reader:
            start, line = line, reader.line_num + 1
            if not row:
                continue
            if len(row) != width or any("\udc80" <= c <= "\udcff" for cell in row for c in cell):
                malformed.append((start, ",".join(row).encode("utf-8", "replace").decode("utf-8")))
                continue
            if start - source.first_line - record != delta:
                delta = start - source.first_line - record
                shifts.append((record, delta))
            writer.writerow(row)
            record += 1
    return source.put_in_order(read_path=temporary, shifts=tuple(shifts), malformed=tuple(malformed))
