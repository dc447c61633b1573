"""Answers that were given before: the same question on the same data and rules is not computed twice."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from audit.catalog import Check
from audit.judge import Judged
from audit.results import Count
from audit.snapshot import RESULTS, quoted
from audit.storage import private_folder, put_in_place, write_durably
from audit.store import Connection, DatabaseError


class Archive:
    """The kept answers of a database to one question: of each check its counts and what is not compliant.

    A file's name holds the hash of the check that gave the answer, so that no answer takes another one's place.
    """

    def __init__(self, database: Path, question: str) -> None:
        self._root = database.resolve() / RESULTS
        self._folder = self._root / question[:16]

    def find(self, check: Check) -> Judged | None:
        """The answer that the same check gave; None where there is none."""
        rows = self.rows(check.name, check.sha256)
        try:
            data = json.loads(rows.with_suffix(".json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if data["check"] != check.sha256 or not rows.is_file():
            return None
        return Judged(from_file(rows), tuple(Count(**c) for c in data["counts"]), data["extras"])

    def keep(self, con: Connection, judged: Judged, check: Check) -> Judged:
        """Write an answer down; a database that one may only read, or that has no room, keeps none."""
        rows = self.rows(check.name, check.sha256)
        draft = rows.with_name(f"{rows.name}.{os.getpid()}.tmp")
        try:
            private_folder(self._folder)
            order = "ORDER BY item_table, item_key, reason"
            con.execute(f"COPY (FROM {judged.relation} {order}) TO '{quoted(draft)}' (FORMAT parquet)")
            put_in_place(draft, rows)
            data = {"check": check.sha256, "counts": [asdict(c) for c in judged.counts], "extras": judged.extras}
            write_durably(rows.with_suffix(".json"), json.dumps(data, indent=1))
        except (OSError, DatabaseError):
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return judged
        return replace(judged, relation=from_file(rows))

    def rows(self, check: str, sha256: str) -> Path:
        """The file with what a check of this hash found, whether it is there or not."""
        return self._folder / f"{check}-{sha256[:12]}.parquet"

    def all_runs(self, check: Check) -> list[str]:
        """What a check judged in every run that is kept, each for FROM."""
        return [from_file(path) for path in sorted(self._root.glob(f"*/{check.name}-*.parquet"))]


def from_file(path: Path) -> str:
    """What such a file holds, for FROM."""
    return f"read_parquet('{quoted(path)}')"
