"""The rows behind a finding, with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.catalog import Check
from audit.judge import rows
from audit.snapshot import literal
from audit.store import Connection

_ROWS_A_TABLE = 200

# Line of a row: where its file begins in the part, plus what line breaks and refused records add.
LINE = """f.first_line + p.source_row - f.first_row + coalesce((
  SELECT max_by(s.delta, s.from_record) FROM raw.line_shifts AS s
  WHERE s.source_id = p.source_id AND s.from_record <= p.source_row - f.first_row), 0)"""


@dataclass(frozen=True)
class EvidenceTable:
    """Rows of one table that bear on a finding; each has ``source_file`` and ``source_line``."""

    table: str
    rows: list[dict[str, Any]]


def evidence_for(con: Connection, check: Check, judged: str, finding_id: str) -> list[EvidenceTable]:
    """The item's own row and those that decided it.

    Args:
        con: an open workbench's connection.
        check: the finding's check.
        judged: the relation that holds its judged items, for FROM.
        finding_id: the finding.
    """
    found = rows(con, f"SELECT item_table FROM {judged} WHERE finding_id = {literal(finding_id)}")
    if not found:
        return []
    own = f"core.{found[0]['item_table']}"
    wanted = [(e.table, e.where) for e in check.evidence]
    if own not in (table for table, _ in wanted):
        wanted.insert(0, (own, "t.source_id = f.source_id AND t.source_row = f.source_row"))
    finding = f"(SELECT * FROM {judged} WHERE finding_id = {literal(finding_id)}) AS f"
    tables = []
    for table, where in wanted:
        matching = f"SELECT t.* FROM {table} AS t, {finding} WHERE {where} LIMIT {_ROWS_A_TABLE}"
        tables.append(EvidenceTable(table, rows(con, located(matching) if table.startswith("core.") else matching)))
    return [t for t in tables if t.rows]


def located(select: str) -> str:
    """A SELECT's rows, their position turned into file and line."""
    return f"""
      SELECT p.* EXCLUDE (source_id, source_row), f.path AS source_file, {LINE} AS source_line
      FROM ({select}) AS p LEFT JOIN raw.files AS f ON f.source_id = p.source_id
      ORDER BY f.path, source_line
    """
