"""What was reported: a record of every run that a report or ``audit check`` gave out, kept for good.

A record names the question, the state of the data and the rules by their hashes, with the counts that were given out;
the findings, each with its id and reason, stay in the archive beside it. Nothing overwrites a record, and removing old
snapshots leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from audit.archive import Archive, from_file
from audit.errors import AuditError
from audit.period import Period
from audit.results import Count, Results
from audit.snapshot import Snapshot, digest, literal
from audit.storage import private_folder, write_durably

CHECK = "check"
"""The kind of a run of ``audit check``; a report's run is of the report's name."""

_FORMAT = 1
# Those that tell of every check; a report about one incident or one register says nothing of a period.
_WHOLE = ("quarterly-report", "client-report")


@dataclass(frozen=True)
class Run:
    """One run as it was given out.

    Attributes:
        kind: ``check``, or the report's name.
        start, end, as_of: ISO 8601 instants.
        snapshot, content: the number of the state of the data, and its hash.
        question, judged_by: where its answers are kept, and the hash of the code that gave them.
        manifest: the inputs, the checks, the law, the policy and the package, by hash.
        checks: of each check its counts by outcome, reason and dimension; None where it was not evaluated.
        reported_at: when, in UTC; nothing that is computed depends on it.
    """

    kind: str
    period: str
    start: str
    end: str
    as_of: str
    client_id: str | None
    role: str | None
    snapshot: int
    content: str
    question: str
    judged_by: str
    manifest: Mapping[str, Any]
    checks: Mapping[str, list[dict[str, Any]] | None]
    reported_at: str = field(compare=False)

    @property
    def id(self) -> str:
        """The same for the same run, whenever it was made, alone or with those of other clients."""
        return "R-" + digest({k: v for k, v in vars(self).items() if k not in ("reported_at", "question")})[:16]

    def counts(self, check: str) -> tuple[Count, ...] | None:
        """What a check counted; None where it was not evaluated, or not run."""
        found = self.checks.get(check)
        return None if found is None else tuple(Count(**c) for c in found)

    def findings(self, folder: Path, check: str) -> str | None:
        """What a check found that is not compliant, for FROM; None where that is not kept."""
        path = Archive(folder, self.question).rows(check, self.manifest["checks"].get(check, ""))
        if not path.is_file():
            return None
        # A client's run may have been made with those of all clients, whose findings lie together.
        own = "true" if self.client_id is None else f"client_id = {literal(self.client_id)}"
        return f"(SELECT * FROM {from_file(path)} WHERE {own})"


def keep(results: Results, snapshot: Snapshot, kind: str, question: str, judged_by: str) -> Run:
    """Write down a run that was given out; a database that one may only read keeps none.

    The same run, made again, has its record already.
    """
    run = Run(
        kind=kind,
        **{name: getattr(results, name) for name in ("period", "client_id", "role", "manifest")},
        **{name: getattr(results, name).isoformat() for name in ("start", "end", "as_of")},
        snapshot=snapshot.number,
        content=snapshot.content,
        question=question,
        judged_by=judged_by,
        checks={c.check: [asdict(n) for n in c.counts] if c.evaluated else None for c in results},
        reported_at=datetime.now(UTC).isoformat(),
    )
    path = snapshot.folder / "runs" / f"{run.id}.json"
    data = vars(run) | {"format": _FORMAT}
    with suppress(OSError):
        if not path.exists():
            private_folder(path.parent)
            write_durably(path, json.dumps(data | {"sha256": digest(data)}, indent=1, default=str) + "\n")
    return run


def runs(folder: Path) -> list[Run]:
    """Every run that a database keeps, the oldest state of the data first.

    Raises:
        AuditError: a record was changed, or is of another version.
    """
    found = [_read(path) for path in sorted((folder / "runs").glob("R-*.json"))]
    return sorted(found, key=lambda run: (run.snapshot, run.reported_at, run.id))


def last_reported(folder: Path, period: Period, *, client: str | None, role: str | None) -> Run | None:
    """The last run that a report of all checks gave out of a period within a scope; None where none is kept.

    Raises:
        AuditError: as runs.
    """
    wanted = (period.start.isoformat(), period.end.isoformat(), client, role)
    same = [r for r in runs(folder) if r.kind in _WHOLE and (r.start, r.end, r.client_id, r.role) == wanted]
    return same[-1] if same else None


def _read(path: Path) -> Run:
    state = path.stat()
    return _as_written(path, state.st_mtime_ns, state.st_size)


@cache
def _as_written(path: Path, _written_at: int, _size: int) -> Run:
    """A record as it is in its file; a batch asks for each client's among those of all."""
    fix = "Bring it back from a backup, or remove it: its run then counts as never reported."
    try:
        data = json.loads(path.read_text("utf-8"))
        if data.pop("sha256") != digest(data) or data.pop("format") != _FORMAT:
            raise AuditError("the record of a run was changed, or is of another version", file=path, fix=fix)
        return Run(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise AuditError("the record of a run cannot be read", file=path, fix=fix) from None
