"""Rows that are there already: the same row is skipped, another one with its key is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audit.contract import Contract
from audit.snapshot import Snapshot, core_select, ident, literal
from audit.sources.account import Account, lined
from audit.store import Connection


def exclude_duplicates(
    con: Connection, snapshot: Snapshot, contract: Contract, part: dict[str, Any], accounts: Sequence[Account]
) -> Snapshot:
    """Add a part to a snapshot, without the rows that are there already.

    The same row is counted and skipped; another one with the same key is refused. Of rows with one key the first, in
    order of loading, stays.

    Args:
        con: the load's connection.
        snapshot: the parts before this one.
        contract: the table's contract.
        part: the part to add.
        accounts: the files' accounts, to be corrected.

    Returns:
        The snapshot with the part, and with what the part leaves out.
    """
    alone, both = replace(snapshot, parts=(part,)), replace(snapshot, parts=(*snapshot.parts, part))
    new, old = core_select(alone, contract), core_select(snapshot, contract)
    if not snapshot.table_parts(contract.table) and _ascends(con, contract, new):
        return both
    key = ", ".join(map(ident, contract.identity))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE twice AS
        SELECT h FROM (SELECT hash({key}) AS h FROM ({new})) GROUP BY h HAVING count(*) > 1
    """)
    if snapshot.table_parts(contract.table):
        con.execute(f"""
            INSERT INTO twice SELECT DISTINCT h FROM (SELECT hash({key}) AS h FROM ({new}))
            SEMI JOIN (SELECT hash({key}) AS h FROM ({old})) AS o USING (h)
        """)
    if not con.execute("SELECT count(*) FROM twice").fetchall()[0][0]:
        return both
    content = ", ".join(f"{literal(c)}: {ident(c)}" for c in contract.core_columns)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE again AS
        SELECT source_id, source_row, content = first_content AS is_same, content
        FROM (
          SELECT *, first_value(content) OVER rows_of_key AS first_content, row_number() OVER rows_of_key AS n
          FROM (
            SELECT {key}, source_id, source_row, {{{content}}} AS content, true AS is_new FROM ({new})
            SEMI JOIN twice ON twice.h = hash({key})
            UNION ALL
            SELECT {key}, source_id, source_row, {{{content}}} AS content, false AS is_new FROM ({old})
            SEMI JOIN twice ON twice.h = hash({key})
          )
          WINDOW rows_of_key AS (PARTITION BY {key} ORDER BY is_new, source_row)
        )
        WHERE n > 1 AND is_new
    """)
    return _leave_out(con, both, contract, part, accounts)


def _ascends(con: Connection, contract: Contract, rows: str) -> bool:
    """Whether the key rises from row to row, as in most exports: then none is there twice, at a sixth of the cost."""
    if len(contract.key) != 1:
        return False
    key = ident(contract.key[0])
    steps = f"SELECT {key} > lag({key}) OVER () AS rises FROM ({rows})"
    return bool(con.execute(f"SELECT NOT EXISTS (FROM ({steps}) WHERE rises = false)").fetchall()[0][0])


def _leave_out(
    con: Connection, snapshot: Snapshot, contract: Contract, part: dict[str, Any], accounts: Sequence[Account]
) -> Snapshot:
    """Write what a part leaves out, correct its files' accounts, and keep the rows that contradict another."""
    target = f"{part['path'].removesuffix('.parquet')}-excluded.parquet"
    con.execute(
        f"COPY (SELECT source_row FROM again ORDER BY 1) TO {literal(str(snapshot.folder / target))} (FORMAT parquet)"
    )
    counts = con.execute("SELECT source_id, count(*) FILTER (is_same), count(*) FROM again GROUP BY 1").fetchall()
    for source_id, same, all_rows in counts:
        a = next(a for a in accounts if a.source_id == source_id)
        a.duplicate, a.conflicting = same, all_rows - same
        if a.conflicting:
            con.execute(
                f"""
                INSERT INTO rejected_rows
                SELECT a.source_id, {literal(contract.table)}, {literal(a.source.name)}, p.line,
                  {literal(contract.identity[0])}, 'duplicate_key', CAST(to_json(a.content) AS VARCHAR)
                FROM again AS a
                JOIN ({lined(snapshot.folder / part["path"], a)}) AS p ON p.file_row_number = a.source_row
                WHERE a.source_id = {source_id} AND NOT a.is_same
                """
            )
    with_hole = part | {"excluded": target}
    return replace(snapshot, parts=tuple(with_hole if p["path"] == part["path"] else p for p in snapshot.parts))
