"""CSV as RFC 4180 has it: read by the engine as it stands, or put in order first where lines and records differ."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.errors import AuditError
from audit.snapshot import literal
from audit.sources.content import LONGEST_LINE, open_text
from audit.sources.files import Source
from audit.sources.rejected import undefused

_HEADER = 1 << 20  # characters


def describe(source: Source) -> Source:
    """Read the header: the file's columns and the line of its first record.

    Raises:
        AuditError: no header, one that is not UTF-8, that names a column twice, or is not separated by commas.
    """
    with open_text(source.path) as text:
        beginning = text.read(_HEADER)
    if len(beginning) == _HEADER and not {"\n", "\r"} & set(beginning):
        raise AuditError("the header does not end", file=source.name, line=1)
    first = beginning.partition("\n")[0]
    if "," not in first and re.search("[;\t]", first):
        fix = "Export it with commas."
        raise AuditError("the header is not separated by commas", file=source.name, line=1, fix=fix)
    reader = csv.reader(io.StringIO(beginning, newline=""), strict=True)
    try:
        header = next(reader)
    except StopIteration:
        raise AuditError("the file is empty", file=source.name, expected="a header row") from None
    except csv.Error as e:
        raise AuditError(f"the header cannot be read: {e}", file=source.name, line=1) from None
    columns = dict.fromkeys(_names(source, header), "VARCHAR")
    return source.put_in_order(columns=columns, first_line=reader.line_num + 1)


def _names(source: Source, header: Sequence[str]) -> list[str]:
    """The names of the columns; one without a name goes by its place."""
    if not any(name.strip() for name in header):
        raise AuditError("the first line is blank", file=source.name, line=1, expected="a header row")
    names = [name.strip() or f"(column {i})" for i, name in enumerate(header, start=1)]
    for i, name in enumerate(names):
        # The name itself may be a value: a file without a header begins with a record.
        place = f"column {i + 1}"
        if not name.isprintable():
            raise AuditError("not UTF-8 text", file=source.name, line=1, column=place, fix="Save it as UTF-8.")
        if name.lower() in (n.lower() for n in names[:i]):
            raise AuditError("two columns have this name", file=source.name, line=1, column=place)
    return names


def relation(sources: Sequence[Source]) -> str:
    """The table function that reads files of the same header, with what it refuses kept aside."""
    several = str(len(sources) > 1).lower()  # only then is the file's name asked for
    paths = ", ".join(literal(str(s.reading)) for s in sources)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in sources[0].columns)
    return undefused(
        f"read_csv([{paths}], auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"',"
        f" columns = {{{columns}}}, filename = {several}, store_rejects = true)",
        sources[0].columns,
    )


def write_in_order(source: Source, temporary: Path) -> Source:
    """Write the file again so that each record is one the engine reads, and remember where each stood.

    Only for files in which lines and records differ (line breaks within quotes, blank lines) or that are not plain
    text: the reader walks every row, so nothing large comes this way unless it is of that kind.
    """
    shifts: list[tuple[int, int]] = []
    malformed: list[tuple[int, str, None]] = []
    record, delta = 0, 0
    with open_text(source.path) as text, temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(source.columns)
        for line, row in _records(text, source):
            if isinstance(row, str):
                malformed.append((line, row.rstrip("\r\n").encode("utf-8", "replace").decode("utf-8"), None))
                continue
            if line - source.first_line - record != delta:
                delta = line - source.first_line - record
                shifts.append((record, delta))
            writer.writerow(row)
            record += 1
    return source.put_in_order(read_path=temporary, shifts=tuple(shifts), malformed=tuple(malformed))


def _records(text: Iterator[str], source: Source) -> Iterator[tuple[int, list[str] | str]]:
    """The line and the values of each record below the header; of a line that begins none, its text."""
    csv.field_size_limit(LONGEST_LINE)
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    next(reader)
    line = source.first_line
    while True:
        lines.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # As a quote that is never closed: what follows its line may well be records.
            yield line, lines.taken[0]
            lines.give_back()
            line += 1
            continue
        if len(row) == len(source.columns) and not any(map(_is_broken, row)):
            yield line, row
        elif row:
            yield line, "".join(lines.taken)
        line += len(lines.taken)


class _Lines:
    """Lines of a text, of which those of a broken record can be read again."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._text)
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """Let all lines but the first of those taken be read again."""
        self._again += reversed(self.taken[1:])


def _is_broken(cell: str) -> bool:
    """Whether a value holds a NUL, or bytes that are not UTF-8."""
    return "\0" in cell or (not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell))
