"""The commands about what a database holds: rejected, snapshots, prune."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from audit.cli_check import naming
from audit.errors import UsageError
from audit.policy import load_policy
from audit.snapshot import numbers, read_snapshot
from audit.sources.rejected import Rejected, export, rejected_rows
from audit.sources.typed import REASONS
from audit.statutes import load_law
from audit.storage import prune as remove_old
from audit.terminal import Terminal

_SHOWN = 100


def rejected(args: argparse.Namespace, terminal: Terminal) -> int:
    """List the refused rows, or write them to a file for mending.

    Raises:
        UsageError: no such table, or several tables for one file.
    """
    snapshot = read_snapshot(args.db)
    counts = Counter(row.table for row in rejected_rows(snapshot, args.table))
    if not counts:
        terminal.answer("No row was rejected.")
        return 0
    if args.out is None:
        _list(rejected_rows(snapshot, args.table), counts.total(), terminal)
        table = next(iter(counts))
        terminal.advise(
            ("to mend them", ["rejected", "--table", table, "--out", f"{table}-mended.csv", *naming(args.db)])
        )
        return 0
    if len(counts) > 1:
        raise UsageError("one file is for one table", column="table", expected=f"--table, one of {', '.join(counts)}")
    (table,) = counts
    written, defused = export(snapshot, table, args.out)
    terminal.say(f"Wrote {_rows(written)} to {args.out}, which only you can read.")
    if defused:
        terminal.say(
            f"An apostrophe keeps {defused} cells from running as formulas. A load takes it away again"
            " while the file has its columns rejected_..."
        )
    folder = str(args.out.parent)
    terminal.say(f"Mend it, and give it a name that begins with {table}: its folder then loads.")
    terminal.advise(("to load what was mended", ["load", folder, *naming(args.db)]))
    return 0


def snapshots(args: argparse.Namespace, terminal: Terminal) -> int:
    """List the states that a database keeps."""
    current = read_snapshot(args.db).number
    found = [read_snapshot(args.db, number) for number in numbers(args.db)]
    rows = [
        (
            f"{s.number}{' (current)' if s.number == current else ''}",
            s.loaded_at,
            len(s.files),
            sum(f["accepted"] for f in s.files) - sum(r["rows"] for r in s.replaced),
            sum(f["rejected"] for f in s.files),
            sum(r["rows"] for r in s.replaced),
        )
        for s in found
    ]
    terminal.table(("snapshot", "loaded", "files", "rows", "rejected", "replaced"), rows, text_columns=2)
    terminal.advise(("to check an older one", ["check", "--period", "P", "--snapshot", str(current), *naming(args.db)]))
    return 0


def prune(args: argparse.Namespace, terminal: Terminal) -> int:
    """Remove old snapshots; those that somebody reads stay."""
    keep = args.keep or load_policy(read_snapshot(args.db).policy_file, load_law()).keep_snapshots
    removed, held = remove_old(args.db, keep)
    were = len(removed) + len(numbers(args.db))
    terminal.say(f"Removed {len(removed)} of {were} {'snapshot' if were == 1 else 'snapshots'}.")
    if held:
        terminal.say(f"Somebody reads {', '.join(map(str, held))}: kept until the next time.")
    return 0


def _list(found: Iterable[Rejected], total: int, terminal: Terminal) -> None:
    """The rows by file and line, then how to mend each kind."""
    kinds: dict[tuple[str, str | None, str], Rejected] = {}
    rows: list[tuple[str, str | None, str]] = []
    for row in found:
        kinds.setdefault((row.table, row.column, row.reason), row)
        if len(rows) < _SHOWN:
            rows.append((f"{row.file}:{row.line}", row.column, REASONS[row.reason]))
    terminal.table(("line", "column", "why"), rows, text_columns=3)
    if total > len(rows):
        terminal.sentence(f"and {_rows(total - len(rows))} more; --out FILE writes all.")
    terminal.sentence("A row that was mended and loaded since stays here: this is the account of the file it came in.")
    for (table, column, _), row in islice(kinds.items(), _SHOWN):
        expected = f" Expected: {row.expected}." if row.expected else ""
        terminal.sentence(f"{table}{f'.{column}' if column else ''}: {REASONS[row.reason]}.{expected} {row.fix}")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
