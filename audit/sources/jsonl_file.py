"""JSON Lines: one object a line, read as text and typed by the contract."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from audit.contract import load_contracts
from audit.errors import AuditError, printable
from audit.snapshot import literal
from audit.sources.content import open_bytes, open_text
from audit.sources.files import Source
from audit.store import Connection, DatabaseError

_SAMPLE_LINES = 1000
_DEPTH = 100  # the engine refuses a whole file for a value that is nested deeper than 128


def describe(source: Source) -> Source:
    """Say which columns the file may have: those of the contract, and further ones its first lines show.

    Raises:
        AuditError: the first line is not an object.
    """
    names: dict[str, None] = {}
    seen = 0
    with open_text(source.path) as text:
        for number, line in zip(range(1, _SAMPLE_LINES + 1), text, strict=False):
            if not line.strip():
                continue
            row = _object(line)
            if row is None:
                if seen == 0:
                    raise AuditError("not an object", file=source.name, line=number, expected="one JSON object a line")
                continue
            seen += 1
            names |= dict.fromkeys(row)
    if not seen:
        raise AuditError("the file is empty", file=source.name, expected="one JSON object a line")
    columns, left_out = _told_apart([c.name for c in load_contracts()[source.table].columns], names)
    if left_out:
        source = source.put_in_order(notes=(f"{source.name}: columns kept out: {', '.join(left_out)}",))
    if _is_marked(source.path):
        source = source.put_in_order(content=replace(source.content, is_plain=False))
    return source.put_in_order(columns=columns)


def _told_apart(known: Sequence[str], names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The columns to read with their types, and those left out.

    The engine does not tell names by their case, and takes none with half a character in it.
    """
    columns = dict.fromkeys(known, "VARCHAR")
    left_out = []
    lower = {c.lower() for c in known}
    for name in names:
        if not name.isprintable():
            left_out.append(printable(name))
        elif name.lower() not in lower:
            lower.add(name.lower())
            columns[name] = "VARCHAR"
        elif name not in columns:
            left_out.append(name)
    return columns, sorted(left_out)


def _is_marked(path: Path) -> bool:
    """Whether the file begins with a byte order mark, which the engine reads as part of its first record."""
    with open_bytes(path) as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _object(line: str) -> dict[str, object] | None:
    """The object that a line is; None where it is none that the engine can read."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and not _is_deep(row, _DEPTH) else None


def _named_twice(line: str, columns: Collection[str]) -> str | None:
    """The column that the object on a line names twice; None where it names each once."""
    names: list[str] = []

    def remember(pairs: list[tuple[str, object]]) -> None:
        names[:] = [name for name, _ in pairs]  # of the outermost object, which comes last

    json.loads(line, object_pairs_hook=remember)
    return next((c for c in columns if names.count(c) > 1), None)


def _is_deep(value: object, left: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left == 0 or any(_is_deep(v, left - 1) for v in inner if isinstance(v, dict | list))


def relation(sources: Sequence[Source]) -> str:
    """The table function that reads files of the same columns.

    It gives up at a line that is no object or names a column twice; of forgiving files, a line that is no object gives
    a row of nulls.
    """
    paths = ", ".join(literal(str(s.reading)) for s in sources)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in sources[0].columns)
    several = str(len(sources) > 1).lower()  # only then is the file's name asked for
    forgiving = str(any(s.forgiving for s in sources)).lower()
    return (
        f"read_ndjson([{paths}], columns = {{{columns}}}, records = true, ignore_errors = {forgiving},"
        f" filename = {several})"
    )


def forgiven(source: Source, con: Connection) -> Source | None:
    """The file, to be read past what is no object; None where that would lose something.

    Where the engine forgives errors, it takes one of two values of a name without a word. A line may be too long for
    it, or hold a CR of its own, at which it would end.
    """
    found = f"""
        SELECT count(*) FILTER (len(names) > len(list_distinct(names))), count(*) FROM (
          SELECT CASE WHEN json_valid(row_text) THEN json_keys(row_text) END AS names FROM {lines_relation(source)})"""
    try:
        twice, lines = con.execute(found).fetchall()[0]
    except DatabaseError:
        return None
    return None if twice or lines != source.content.lines else source.put_in_order(forgiving=True)


def lines_relation(source: Source) -> str:
    """The file's lines as they stand, numbered from 1; the engine gives up where they do not all end alike."""
    return (
        f"(SELECT row_number() OVER () AS line, row_text FROM read_csv([{literal(str(source.reading))}],"
        " auto_detect = false, header = false, delim = '\x01', quote = '', escape = '', "
        " columns = {'row_text': 'VARCHAR'}))"
    )


def find_shifts(source: Source, con: Connection) -> Source | None:
    """Where blank lines stand between the records: how they shift the lines after them; None where that stays open."""
    shifts = f"""
        SELECT record, delta FROM (
          SELECT *, lag(delta, 1, 0) OVER (ORDER BY record) AS delta_before FROM (
            SELECT record, line - 1 - record AS delta FROM (
              SELECT line, row_number() OVER (ORDER BY line) - 1 AS record
              FROM {lines_relation(source)} WHERE trim(row_text) <> '')))
        WHERE delta <> delta_before ORDER BY record"""
    try:
        found = con.execute(shifts).fetchall()
    except DatabaseError:
        return None
    return source.put_in_order(read_path=source.path, shifts=tuple(found))


def write_in_order(source: Source, temporary: Path) -> Source:
    """Write the file again without what is no object, and remember where each object stood.

    Only for a file that the engine cannot read as it stands, as one that is not UTF-8, begins with a byte order mark or
    has an object that names a column twice: every line is walked.
    """
    shifts: list[tuple[int, int]] = []
    malformed: list[tuple[int, str, str | None]] = []
    record, delta = 0, 0
    with open_text(source.path) as text, temporary.open("w", encoding="utf-8", newline="") as out:
        for number, line in enumerate(text):
            plain = line.encode("utf-8", "replace").decode("utf-8")
            if plain != line or "\0" in line or _object(line) is None:
                malformed += [(number + 1, plain.strip(), None)] * bool(line.strip())
                continue
            if twice := _named_twice(line, source.columns):
                malformed.append((number + 1, plain.strip(), f"{twice}|given_twice"))
                continue
            if number - record != delta:
                delta = number - record
                shifts.append((record, delta))
            out.write(plain.rstrip("\r\n") + "\n")  # the lines of a file may end in several ways
            record += 1
    return source.put_in_order(read_path=temporary, shifts=tuple(shifts), malformed=tuple(malformed))
