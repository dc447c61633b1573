"""Where a person's events stand in a large log: an index of each part, written when somebody is first asked for.

A log is in the order of its instants, so that all of it is read for the few events of a person. The index holds a hash
of each event's name by its size, with the row: a fourth of what the log takes on the disk, and next to no time to ask.
It only narrows: who reads the rows compares the names themselves.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from audit.errors import AuditError
from audit.run import open_workbench
from audit.snapshot import PART_FORM, RESULTS, Snapshot, literal, quoted, read_snapshot
from audit.storage import private_folder, put_in_place
from audit.store import Connection, DatabaseError

TABLE = "processing_events"
LARGE = 1_000_000
"""Events; fewer are read through in a few hundredths of a second."""
_FEW = 200
"""Rows; more lie in so many places that the log is read through as fast."""


def rows_of(con: Connection, snapshot: Snapshot, names: Collection[str]) -> list[int] | None:
    """The rows within the log's parts where events of these names stand, and perhaps some others.

    Args:
        con: a connection on the snapshot.
        snapshot: whose log it is.
        names: of one person, as the log has them.

    Returns:
        Their numbers; None where any row may be one: the log is small, the rows are many, or no index can be kept.
    """
    if snapshot.rows(TABLE) < LARGE:
        return None
    are_theirs = " OR ".join(f"name_hash = {_hash(literal(name))}" for name in names)
    try:
        indexes = index(con, snapshot)
        found = con.execute(f"""
            SELECT DISTINCT source_row FROM read_parquet([{", ".join(f"'{quoted(path)}'" for path in indexes)}])
            WHERE {are_theirs} ORDER BY source_row LIMIT {_FEW + 1}
        """).fetchall()
    except (OSError, DatabaseError):  # a database that one may only read, or that has no room
        return None
    return [row for (row,) in found] if len(found) <= _FEW else None


def keep(db: Path, number: int | None = None) -> None:
    """Write the indexes of a database beforehand, if its log is large and they can be, so that nobody waits for them.

    Args:
        db: the database.
        number: of the snapshot; by default the current one.

    Raises:
        AuditError, UsageError: there is no such database or snapshot.
    """
    if read_snapshot(db, number).rows(TABLE) >= LARGE:
        # What hinders it is told where somebody asks; the lab opens without.
        with suppress(AuditError, OSError, DatabaseError), open_workbench(db, None, snapshot=number) as workbench:
            index(workbench.con, workbench.snapshot)


def index(con: Connection, snapshot: Snapshot) -> Sequence[Path]:
    """The indexes of the log's parts; those that are not there are written, and what is of no part is removed.

    Raises:
        OSError, DatabaseError: one cannot be written.
    """
    folder = snapshot.folder.resolve() / RESULTS / TABLE
    engine = con.execute("SELECT version()").fetchall()[0][0]
    parts = [snapshot.folder / part["path"] for part in snapshot.table_parts(TABLE)]
    indexes = [folder / _name(part, engine) for part in parts]
    missing = [pair for pair in zip(parts, indexes, strict=True) if not pair[1].is_file()]
    if missing:
        private_folder(folder)
        # Of older snapshots too. Who loses a draft to this reads the log without it.
        kept = {_name(part, engine) for part in (snapshot.folder / "parts").glob(f"{TABLE}-*.parquet")}
        for old in folder.iterdir():
            if old.name not in kept:
                old.unlink(missing_ok=True)
    for part, path in missing:
        _write(con, part, path)
    return indexes


def _name(part: Path, engine: str) -> str:
    """By what an index follows from: the part, and how this version of the engine hashes."""
    state = part.stat()
    version = hashlib.sha256(repr((engine, state.st_size, state.st_mtime_ns)).encode()).hexdigest()[:12]
    return f"{part.stem}-{version}.parquet"


def _write(con: Connection, part: Path, path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    rows = f"""
        SELECT {_hash("subject_id")} AS name_hash, CAST(file_row_number AS UINTEGER) AS source_row
        FROM read_parquet('{quoted(part)}', file_row_number = true)
        WHERE subject_id IS NOT NULL
        ORDER BY name_hash
    """
    try:
        con.execute(f"COPY ({rows}) TO '{quoted(draft)}' ({PART_FORM})")
        put_in_place(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _hash(name: str) -> str:
    return f"CAST(hash({name}) >> 32 AS UINTEGER)"
