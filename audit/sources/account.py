"""What became of every row: read = accepted + duplicate + rejected, for every file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.snapshot import literal
from audit.sources import jsonl_file
from audit.sources.files import Imported, Source
from audit.store import Connection

ASIDES = """
CREATE TABLE IF NOT EXISTS rejected_rows (source_id INTEGER, table_name VARCHAR, file VARCHAR, line BIGINT,
  column_name VARCHAR, reason VARCHAR, row_text VARCHAR);
CREATE TABLE IF NOT EXISTS line_shifts (source_id INTEGER, from_record BIGINT, delta BIGINT)
"""


@dataclass
class Account:
    """A file's rows. ``records`` are those in the part, ``first_row`` the position there of the first."""

    source_id: int
    source: Source
    part: str
    records: int
    first_row: int
    malformed: int
    refused: int
    duplicate: int = 0
    conflicting: int = 0

    @property
    def read(self) -> int:
        return self.records + self.malformed

    @property
    def rejected(self) -> int:
        return self.malformed + self.refused + self.conflicting

    @property
    def crooked(self) -> bool:
        """Whether the file's lines are not its records, one for one, so that a record's line is not known yet."""
        s = self.source
        lines = s.content.lines
        return lines is not None and s.read_path is None and lines != s.first_line - 1 + self.read

    def record(self) -> dict[str, Any]:
        """The file as the manifest names it."""
        return {
            "source_id": self.source_id,
            "table": self.source.table,
            "path": self.source.name,
            "sha256": self.source.sha256,
            "bytes": self.source.content.size,
            "read": self.read,
            "accepted": self.read - self.rejected - self.duplicate,
            "duplicate": self.duplicate,
            "rejected": self.rejected,
            "part": self.part,
            "first_row": self.first_row,
            "first_line": self.source.first_line,
            "shifted": self.source.shifted,
        } | ({"mapping": imported.mapping, "rows": imported.sha256} if (imported := self.source.imported) else {})


def account_for(con: Connection, part: Path, form: str, group: Sequence[tuple[int, Source]]) -> list[Account]:
    """Count the rows of a part by file, and set aside those its contract refuses and what was no row at all."""
    con.execute(ASIDES)
    ids = [source_id for source_id, _ in group]
    for table in ("rejected_rows", "line_shifts"):  # what was set aside before the files were read in another way
        con.execute(f"DELETE FROM {table} WHERE source_id IN (SELECT unnest(?))", [ids])
    counted = {
        row[0]: row[1:]
        for row in con.execute(
            f"SELECT source_id, min(file_row_number), max(file_row_number), count(*), count(_fault)"
            f" FROM read_parquet({literal(str(part))}, file_row_number = true) GROUP BY source_id"
        ).fetchall()
    }
    accounts = []
    for source_id, source in group:
        first, last, records, refused = counted.get(source_id, (0, -1, 0, 0))
        assert last - first + 1 == records, "a file's rows stand together in a part"
        known = _with_malformed(con, source) if form == "csv" else source
        malformed = len(known.malformed)
        if source.imported:
            assert records == source.imported.rows, "the engine reads every row that was made of an export"
            malformed = source.imported.refusals
        accounts.append(Account(source_id, known, f"parts/{part.name}", records, first, malformed, refused))
    if form == "csv":
        con.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
    if not any(a.crooked for a in accounts):
        _set_aside(con, part, accounts, form)
    return accounts


def _with_malformed(con: Connection, source: Source) -> Source:
    """The lines the engine could not take as records, and how they shift the lines of those after them."""
    if source.read_path is not None:
        return source
    found = con.execute(
        "SELECT DISTINCT ON (line) line, csv_line FROM reject_errors JOIN reject_scans USING (scan_id, file_id)"
        " WHERE file_path = ? ORDER BY line",
        [str(source.path)],
    ).fetchall()
    shifts = [(line - source.first_line - i, i + 1) for i, (line, _) in enumerate(found)]
    return replace(source, malformed=tuple((*row, None) for row in found), shifts=tuple(dict(shifts).items()))


def _set_aside(con: Connection, part: Path, accounts: Sequence[Account], form: str) -> None:
    """Keep refused rows with file, line, column and reason, and the line shifts of the files."""
    for a in accounts:
        s = a.source
        if s.imported:
            _set_aside_imported(con, a.source_id, s, s.imported)
        if s.shifts:
            records, deltas = map(list, zip(*s.shifts, strict=True))
            con.execute("INSERT INTO line_shifts SELECT ?, unnest(?), unnest(?)", [a.source_id, records, deltas])
        if s.malformed:
            lines_of, texts, faults = map(list, zip(*s.malformed, strict=True))
            con.execute(
                "INSERT INTO rejected_rows SELECT ?, ?, ?, line, regexp_extract(fault, '(.*)[|]', 1),"
                " coalesce(split_part(fault, '|', -1), 'malformed'), row_text"
                " FROM (SELECT unnest(?) AS line, unnest(CAST(? AS VARCHAR[])) AS fault, unnest(?) AS row_text)",
                [a.source_id, s.table, s.name, lines_of, faults, texts],
            )
        if not a.refused:
            continue
        as_it_stands = form == "jsonl" and s.reading == s.path
        no_object = (
            "CASE WHEN json_valid(l.row_text) THEN json_type(l.row_text) <> 'OBJECT' ELSE l.line IS NOT NULL END"
        )
        lines = jsonl_file.lines_relation(s) if as_it_stands else "(SELECT NULL AS line, NULL AS row_text LIMIT 0)"
        con.execute(
            f"""
            INSERT INTO rejected_rows
            SELECT {a.source_id}, {literal(s.table)}, {literal(s.name)}, p.line,
              CASE WHEN {no_object} THEN NULL ELSE split_part(p._fault, '|', 1) END,
              CASE WHEN {no_object} THEN 'malformed' ELSE split_part(p._fault, '|', 2) END,
              coalesce(l.row_text, substr(p._fault, strpos(p._fault, '|{{') + 1))
            FROM ({lined(part, a)}) AS p LEFT JOIN {lines} AS l ON l.line = p.line
            WHERE p._fault IS NOT NULL
            """
        )


def _set_aside_imported(con: Connection, source_id: int, source: Source, imported: Imported) -> None:
    """Keep what was refused of an export, and its line shifts."""
    form = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"
    con.execute(f"""
        INSERT INTO line_shifts SELECT {source_id}, from_record, delta
        FROM read_csv({literal(str(imported.shifts))}, {form}, columns = {{from_record: 'BIGINT', delta: 'BIGINT'}})
    """)
    if imported.refusals:
        columns = "{line: 'BIGINT', column_name: 'VARCHAR', reason: 'VARCHAR', row_text: 'VARCHAR'}"
        con.execute(f"""
            INSERT INTO rejected_rows
            SELECT {source_id}, {literal(source.table)}, {literal(source.name)}, line, nullif(column_name, ''), reason,
              row_text
            FROM read_csv({literal(str(imported.refused))}, {form}, columns = {columns})
        """)


def lined(part: Path, a: Account) -> str:
    """A file's rows in a part, each with its line."""
    return f"""
      SELECT p.*, p.file_row_number - {a.first_row} + {a.source.first_line} + coalesce((
        SELECT max_by(delta, from_record) FROM line_shifts AS s
        WHERE s.source_id = {a.source_id} AND s.from_record <= file_row_number - {a.first_row}), 0) AS line
      FROM read_parquet({literal(str(part))}, file_row_number = true) AS p
      WHERE p.source_id = {a.source_id}"""
