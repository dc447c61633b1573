"""Rows whose key is there already: the same row is skipped, another one is refused or, in a correction, replaces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.contract import Contract, load_contracts
from audit.snapshot import PART_FORM, Snapshot, core_select, ident, literal
from audit.sources.account import Account, lined
from audit.store import Connection

# What becomes of a row, in the order of loading: `n` counts the rows of a key, `m` those of them that are new.
_REFUSING = "CASE WHEN n > 1 AND is_new THEN CASE WHEN content = first_content THEN 'same' ELSE 'conflict' END END"
_REPLACING = """CASE
  WHEN NOT is_new AND next_content IS DISTINCT FROM content AND next_content IS NOT NULL THEN 'replaced'
  WHEN is_new AND m = 1 AND content = last_content THEN 'same'
  WHEN is_new AND m > 1 THEN CASE WHEN content = first_new_content THEN 'same' ELSE 'conflict' END END"""


@dataclass(frozen=True)
class Keys:
    """Adds parts to a snapshot, each without the rows that are there already.

    Of rows with one key the first in the order of loading stays: the same row is counted and skipped, another one is
    refused. Where ``replacing``, a row of a later part takes the place of an earlier part's; within a part the first
    stays. A register without a key then has that by which it is corrected. What a part leaves out stands in a file
    beside it, so that older snapshots keep what they had.

    Attributes:
        con: the load's connection.
        load: the number of the load.
        accounts: the accounts of its files, which are corrected.
        replacing: whether rows with a known key and other content replace those that are there.
    """

    con: Connection
    load: int
    accounts: Sequence[Account]
    replacing: bool

    def add(self, snapshot: Snapshot, contract: Contract, part: dict[str, Any]) -> Snapshot:
        """Add a part of a table to the parts before it."""
        if self.replacing and contract.corrected_by:
            contract = replace(contract, key=contract.corrected_by)
        both = replace(snapshot, parts=(*snapshot.parts, part))
        new, old = core_select(replace(snapshot, parts=(part,)), contract), core_select(snapshot, contract)
        if not snapshot.table_parts(contract.table) and _ascends(self.con, contract, new):
            return both
        if not _find_twice(self.con, snapshot, contract, new, old):
            return both
        _settle(self.con, contract, new, old, _REPLACING if self.replacing else _REFUSING)
        both = self._leave_out_new(both, contract, part)
        return self._leave_out_old(both, contract, part) if self.replacing else both

    def _leave_out_new(self, snapshot: Snapshot, contract: Contract, part: dict[str, Any]) -> Snapshot:
        """Leave out what of the part is there already, and keep the rows that contradict another as refused."""
        counts = self.con.execute(
            "SELECT source_id, count(*) FILTER (fate = 'same'), count(*) FILTER (fate = 'conflict')"
            " FROM again WHERE is_new GROUP BY source_id"
        ).fetchall()
        for a in self.accounts:
            a.duplicate, a.conflicting = next(
                (c[1:] for c in counts if c[0] == a.source_id), (a.duplicate, a.conflicting)
            )
            if a.conflicting:
                self._refuse(contract, a, lined(snapshot.folder / part["path"], a))
        return self._without(snapshot, part, "SELECT source_row FROM again WHERE is_new") if counts else snapshot

    def _refuse(self, contract: Contract, a: Account, rows: str) -> None:
        self.con.execute(
            f"""
            INSERT INTO rejected_rows
            SELECT a.source_id, {literal(contract.table)}, {literal(a.source.name)}, p.line,
              {literal(contract.identity[0])}, 'duplicate_key', CAST(to_json(a.content) AS VARCHAR)
            FROM again AS a JOIN ({rows}) AS p ON p.file_row_number = a.source_row
            WHERE a.source_id = {a.source_id} AND a.fate = 'conflict'
            """
        )

    def _leave_out_old(self, snapshot: Snapshot, contract: Contract, by: dict[str, Any]) -> Snapshot:
        """Leave the replaced rows out of the parts they stand in, and note whose they were."""
        counts = self.con.execute(
            "SELECT source_id, count(*) FROM again WHERE NOT is_new GROUP BY source_id ORDER BY source_id"
        ).fetchall()
        part_of = {f["source_id"]: f["part"] for f in snapshot.files} | {a.source_id: a.part for a in self.accounts}
        for path in sorted({part_of[source_id] for source_id, _ in counts}):
            part = next(p for p in snapshot.parts if p["path"] == path)
            ids = ", ".join(str(s) for s, _ in counts if part_of[s] == path)
            rows = f"SELECT source_row FROM again WHERE NOT is_new AND source_id IN ({ids})"
            if part.get("excluded"):
                rows += f" UNION ALL FROM read_parquet({literal(str(snapshot.folder / part['excluded']))})"
            snapshot = self._without(snapshot, part, rows, by)
        noted = [
            {"table": contract.table, "source_id": source_id, "rows": n, "load": self.load} for source_id, n in counts
        ]
        return replace(snapshot, replaced=(*snapshot.replaced, *noted))

    def _without(
        self, snapshot: Snapshot, part: dict[str, Any], rows: str, by: dict[str, Any] | None = None
    ) -> Snapshot:
        """The snapshot in which a part leaves out these rows."""
        stem = part["path"].removesuffix(".parquet")
        # Named after both parts: an older snapshot reads what the part left out before.
        target = f"{stem}-excluded.parquet" if by is None else f"{stem}-without-{by['path'].removeprefix('parts/')}"
        path = literal(str(snapshot.folder / target))
        self.con.execute(f"COPY (FROM ({rows}) ORDER BY source_row) TO {path} ({PART_FORM})")
        with_hole = part | {"excluded": target}
        return replace(snapshot, parts=tuple(with_hole if p["path"] == part["path"] else p for p in snapshot.parts))


def may_correct(file: Mapping[str, Any]) -> bool:
    """Whether a file may be loaded again as a correction: rows were refused for their keys, or added without any."""
    return bool(file["contradicting"] or load_contracts()[file["table"]].corrected_by)


def _ascends(con: Connection, contract: Contract, rows: str) -> bool:
    """Whether the key rises from row to row, as in most exports: then none is there twice, at a sixth of the cost."""
    if len(contract.key) != 1:
        return False
    key = ident(contract.key[0])
    steps = f"SELECT {key} > lag({key}) OVER () AS rises FROM ({rows})"
    return bool(con.execute(f"SELECT NOT EXISTS (FROM ({steps}) WHERE rises = false)").fetchall()[0][0])


def _find_twice(con: Connection, snapshot: Snapshot, contract: Contract, new: str, old: str) -> bool:
    """Gather the hashes of keys that stand in the new rows twice, or in the old ones too; whether there are any."""
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
    return bool(con.execute("SELECT count(*) FROM twice").fetchall()[0][0])


def _settle(con: Connection, contract: Contract, new: str, old: str, fate: str) -> None:
    """Write down what becomes of the rows of these keys: ``again`` holds those that do not stay as they are."""
    key = ", ".join(map(ident, contract.identity))
    content = ", ".join(f"{literal(c)}: {ident(c)}" for c in contract.core_columns)
    of_key = " UNION ALL ".join(
        f"SELECT {key}, source_id, source_row, {{{content}}} AS content, {is_new} AS is_new FROM ({rows})"
        f" SEMI JOIN twice ON twice.h = hash({key})"
        for rows, is_new in ((new, "true"), (old, "false"))
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE again AS
        SELECT source_id, source_row, is_new, content, {fate} AS fate
        FROM (
          SELECT source_id, source_row, is_new, content,
            row_number() OVER of_key AS n, first_value(content) OVER of_key AS first_content,
            lag(content) OVER of_key AS last_content, lead(content) OVER of_key AS next_content,
            row_number() OVER of_its_kind AS m, first_value(content) OVER of_its_kind AS first_new_content
          FROM ({of_key})
          WINDOW of_key AS (PARTITION BY {key} ORDER BY is_new, source_id, source_row),
            of_its_kind AS (PARTITION BY {key}, is_new ORDER BY source_row)
        )
        WHERE fate IS NOT NULL
    """)
