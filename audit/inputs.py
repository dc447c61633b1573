"""What the answers rest on: the files that were loaded, and whether each source of rows carries the period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from audit.asked import Asked
from audit.catalog import Check
from audit.results import Coverage, SourceFile
from audit.snapshot import Snapshot
from audit.store import Connection

_COUNTED = ("table", "path", "sha256", "bytes", "read", "accepted", "duplicate", "rejected")


def files_of(snapshot: Snapshot) -> tuple[SourceFile, ...]:
    """The files of a snapshot, in the order in which they were loaded, each with what became of its rows."""
    return tuple(
        SourceFile(**{name: f[name] for name in _COUNTED}, replaced=snapshot.replaced_of(f)) for f in snapshot.files
    )


def rejected_of(files: Iterable[SourceFile]) -> dict[str, int]:
    """How many rows of files were refused, by table; tables without any are left out."""
    counts = Counter[str]()
    for file in files:
        counts[file.table] += file.rejected
    return dict(+counts)


def coverage_of(con: Connection, asked: Asked, check: Check) -> tuple[Coverage, ...]:
    """What log_coverage, given as ``check``, knows of every source of rows, the good ones too."""
    columns = 'table_name, system_id, "rows", first_on, last_on, days, silent_days, longest_silence, outcome'
    sql = asked.within(check.sql)
    found = con.execute(f"SELECT {columns} FROM ({sql}) ORDER BY table_name, item").fetchall()
    return tuple(Coverage(*row) for row in found)
