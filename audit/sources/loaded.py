"""What a load tells of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.catalog import Check
from audit.contract import load_contracts
from audit.errors import AuditError, nearest
from audit.policy import Commitment
from audit.snapshot import Snapshot, core_select
from audit.sources.account import ASIDES
from audit.sources.typed import REASONS
from audit.store import Connection

_SHOWN = 5
_COUNTS = ("read", "accepted", "duplicate", "rejected")


@dataclass(frozen=True)
class LoadReport:
    """What a load did.

    ``tables`` has a row a table: table, files, read, accepted, duplicate, rejected. ``unchanged`` says that every file
    was there already. ``messages`` name columns that were kept out and files that were there already. ``replaced`` has
    a row for each table and load of which rows were replaced: table, load, rows.
    """

    tables: list[dict[str, Any]]
    unchanged: bool
    messages: list[str] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    snapshot: Snapshot | None = None


def first_rejections(con: Connection) -> list[str]:
    """The first refused rows in words, and how many more there are."""
    con.execute(ASIDES)
    found = con.execute(
        "SELECT file, line, column_name, reason, count(*) OVER () FROM rejected_rows ORDER BY file, line LIMIT ?",
        [_SHOWN],
    ).fetchall()
    shown = [
        str(AuditError(f"rejected: {REASONS[reason]}", file=file, line=line, column=column))
        for file, line, column, reason, _ in found
    ]
    more = found[0][-1] - len(found) if found else 0
    return [*shown, f"and {more} more rejected rows; to list them: audit rejected"] if more else shown


def unknown_checks(
    con: Connection, after: Snapshot, commitments: Sequence[Commitment], checks: Mapping[str, Check]
) -> list[str]:
    """What to say of promises, and of the waivers of this load, that name a check or reason which nobody knows.

    Args:
        con: the load's connection, with the lines of its files.
        after: the snapshot it made.
        commitments: what the policy promises.
        checks: the package's checks and the organisation's own.
    """
    said = [
        AuditError(
            "no such check; it evidences nothing", file="commitments.toml", column=c.id, expected=nearest(name, checks)
        )
        for c in commitments
        for name in (e["check"] for e in c.evidence)
        if name not in checks
    ]
    idle = [error for waiver in _new_waivers(con, after) if (error := _covers_nothing(*waiver, checks))]
    more = len(idle) - _SHOWN
    further = [f"and {more} more waivers that cover nothing"] if more > 0 else []
    return [*map(str, said + idle[:_SHOWN]), *further]


def _covers_nothing(
    file: str, line: int, check: str, reason: str | None, checks: Mapping[str, Check]
) -> AuditError | None:
    """What to say of a waiver that no violation can be of; None of any other."""
    if check not in checks:
        what, column, expected = "no such check", "check", nearest(check, checks)
    elif reason is not None and reason not in (known := checks[check].reasons.get("violation", {})):
        what, column, expected = "no violation of the check has such a reason", "reason", nearest(reason, known)
    else:
        return None
    return AuditError(f"{what}; the waiver covers nothing", file=file, line=line, column=column, expected=expected)


def _new_waivers(con: Connection, after: Snapshot) -> list[tuple[str, int, str, str | None]]:
    """File, line, check and reason of each waiver that the latest load brought."""
    rows = core_select(after, load_contracts()["waivers"])
    found: list[tuple[str, int, str, str | None]] = []
    for f in after.files:
        if f["table"] == "waivers" and f["load"] == after.number:
            found += con.execute(
                f"""
                SELECT $path, record + $first_line + coalesce((
                  SELECT max_by(delta, from_record) FROM line_shifts AS s
                  WHERE s.source_id = $source_id AND s.from_record <= record), 0) AS line, "check", reason
                FROM (SELECT *, source_row - $first_row AS record FROM ({rows}) WHERE source_id = $source_id)
                ORDER BY line
                """,
                {name: f[name] for name in ("path", "first_line", "first_row", "source_id")},
            ).fetchall()
    return found


def report_of(before: Snapshot, after: Snapshot, messages: list[str]) -> LoadReport:
    """What lies between two snapshots."""
    tables, replaced = _by_table(after.files[len(before.files) :]), _by_load(after, len(before.replaced))
    return LoadReport(tables, False, messages, replaced, after)


def _by_table(files: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    totals: dict[str, dict[str, Any]] = {}
    for f in files:
        row = totals.setdefault(f["table"], {"table": f["table"], "files": 0} | dict.fromkeys(_COUNTS, 0))
        row["files"] += 1
        for name in _COUNTS:
            row[name] += f[name]
    return list(totals.values())


def _by_load(after: Snapshot, known: int) -> list[dict[str, Any]]:
    """How many rows of which table and load were replaced, beyond what was known."""
    load_of = {f["source_id"]: f["load"] for f in after.files}
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for r in after.replaced[known:]:
        sums[r["table"], load_of[r["source_id"]]] += r["rows"]
    return [{"table": table, "load": load, "rows": rows} for (table, load), rows in sorted(sums.items())]
