"""Refused rows for whoever mends them: what was expected of each, and a file in their table's own columns."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from audit.contract import Contract, load_contracts
from audit.errors import AuditError, UsageError
from audit.snapshot import Snapshot, corrupt, ident, literal
from audit.sources.reading import cell as listed
from audit.spreadsheet import FORMULA
from audit.store import DatabaseError, scratch

# What an exported row says of itself, beside the table's columns. A load keeps these columns out.
MARKS = ("rejected_file", "rejected_line", "rejected_column", "rejected_reason", "rejected_text")
_FIX: Mapping[str, str] = {
    "missing": "Give it a value.",
    "unparsable": "Write it in that form.",
    "not_in_vocabulary": "Use one of these words.",
    "end_before_start": "Set the end after the start, or leave it empty.",
    "duplicate_key": "If it is a correction, load it with --replace; else give it a key of its own.",
    "given_twice": "Write it again from rejected_text, with one of them.",
    "malformed": "Write it again from rejected_text.",
    "unbalanced": "Correct it in the books, and export it again.",
}
_EXPECTED: Mapping[str, str] = {
    "end_before_start": "a value not before the start",
    "duplicate_key": "a key that no other row has",
    "unbalanced": "rows that sum to zero",
    "given_twice": "one value",
    "malformed": "as many values as there are columns, or one JSON object, in UTF-8",
}
_BATCH = 10_000
# Past apostrophes of its own, so that one more can be told from them when the file is loaded.
_DEFUSABLE = re.compile(rf"'*[{re.escape(FORMULA)}].", re.DOTALL)


@dataclass(frozen=True)
class Rejected:
    """A refused row: where it stands and why. It holds no value of the row."""

    table: str
    file: str
    line: int | None
    column: str | None
    reason: str

    @property
    def expected(self) -> str | None:
        """What would have been right, in words; None where an import names a field that is no column of the table."""
        if self.reason in _EXPECTED:
            return _EXPECTED[self.reason]
        columns = load_contracts()[self.table].columns
        return next((c.expected for c in columns if c.name == self.column), None)

    @property
    def fix(self) -> str:
        """How to mend it."""
        return _FIX[self.reason]


def rejected_rows(snapshot: Snapshot, table: str | None = None) -> Iterator[Rejected]:
    """The refused rows of a table, or of all, by file and line.

    Raises:
        AuditError: the database cannot be read.
        UsageError: no such table.
    """
    for row, _ in _rows(snapshot, table):
        yield row


def export(snapshot: Snapshot, table: str, path: Path) -> tuple[int, int]:
    """Write a table's refused rows to a file that loads once they are mended; only its owner can read it.

    Args:
        snapshot: the state whose refused rows are meant.
        table: the table.
        path: a ``.csv`` or ``.jsonl`` file. In CSV, text that a spreadsheet would run is defused by an apostrophe,
            which a load of the mended file takes away again.

    Returns:
        How many rows were written, and how many cells were defused.

    Raises:
        UsageError: no such table, or another ending.
        AuditError: the file cannot be written.
    """
    if path.suffix not in (".csv", ".jsonl"):
        raise UsageError("no such form of rows", column="out", expected="a file ending in .csv or .jsonl")
    contract = load_contracts()[_known(table)]
    draft = path.with_name(f".{path.name}.tmp")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            rows = (_in_columns(contract, row, text) for row, text in _rows(snapshot, table))
            counts = _write_csv(out, contract, rows) if path.suffix == ".csv" else _write_jsonl(out, rows)
        draft.replace(path)
    except OSError as e:
        raise AuditError(f"cannot be written: {e.strerror}", file=path, fix="Choose another --out.") from None
    finally:
        draft.unlink(missing_ok=True)
    return counts


def _rows(snapshot: Snapshot, table: str | None) -> Iterator[tuple[Rejected, str]]:
    where = "true" if table is None else f"table_name = {literal(_known(table))}"
    if not snapshot.rejected:
        return
    paths = ", ".join(literal(str(snapshot.folder / p)) for p in snapshot.rejected)
    with scratch(snapshot.zone) as con:
        try:
            found = con.execute(
                f"SELECT table_name, file, line, column_name, reason, row_text FROM read_parquet([{paths}])"
                f" WHERE {where} ORDER BY table_name, source_id, line, column_name, row_text"
            )
            while batch := found.fetchmany(_BATCH):
                yield from ((Rejected(*row[:5]), row[5]) for row in batch)
        except DatabaseError as e:
            raise corrupt(snapshot.folder, type(e).__name__) from None


def _known(table: str) -> str:
    if table not in load_contracts():
        raise UsageError("no such table", column="table", expected=f"one of {', '.join(load_contracts())}")
    return table


def _in_columns(contract: Contract, row: Rejected, text: str) -> dict[str, Any]:
    """A refused row by the table's columns, as far as it had any, and where it stood."""
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    marks = dict(zip(MARKS, (row.file, row.line, row.column, row.reason), strict=False))
    if row.reason in ("malformed", "given_twice") or not isinstance(given, dict):
        return marks | {"rejected_text": text}
    # An instant that was only given as a day stands as one again.
    days = {c.name for c in contract.columns if given.get(f"{c.name}_is_date") is True}
    values = {c.name: given.get(c.name) for c in contract.columns}
    return {k: v[:10] if k in days and isinstance(v, str) else v for k, v in values.items()} | marks


def _write_jsonl(out: TextIO, rows: Iterator[dict[str, Any]]) -> tuple[int, int]:
    count = 0
    for row in rows:
        out.write(json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False) + "\n")
        count += 1
    return count, 0


def _write_csv(out: TextIO, contract: Contract, rows: Iterator[dict[str, Any]]) -> tuple[int, int]:
    names = [*(c.name for c in contract.columns), *MARKS]
    writer = csv.writer(out)
    writer.writerow(names)
    count = defused = 0
    for row in rows:
        cells = [_cell(row.get(name)) for name in names]
        safe = [f"'{cell}" if _DEFUSABLE.match(cell) else cell for cell in cells]
        writer.writerow(safe)
        count += 1
        defused += sum(a is not b for a, b in zip(safe, cells, strict=True))
    return count, defused


def _cell(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return listed([_cell(v) for v in value if v is not None])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def undefused(relation: str, columns: Collection[str]) -> str:
    """A relation of text columns without the apostrophes of ``export``, where its columns say that it is one."""
    if not set(MARKS) <= set(columns):
        return relation
    pattern = literal(f"^'({_DEFUSABLE.pattern})")
    plain = ", ".join(f"regexp_replace({ident(c)}, {pattern}, '\\1', 's') AS {ident(c)}" for c in columns)
    return f"(SELECT * REPLACE ({plain}) FROM {relation})"
