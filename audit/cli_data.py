"""The commands that bring data in: sample, load."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from audit.cli_check import naming
from audit.cli_keys import key_in_use
from audit.errors import AuditError
from audit.places import shipped
from audit.policy import load_policy
from audit.run import open_workbench
from audit.sample import write_sample
from audit.snapshot import read_snapshot
from audit.sources.load import load as load_sources
from audit.sources.mapping import SOURCES
from audit.statutes import load_law
from audit.terminal import Terminal


def sample(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the synthetic organisation."""
    given = {name: getattr(args, name) for name in ("seed", "events", "start", "end")}
    with terminal.progress() as bar:
        bar("Writing the sample")
        made = write_sample(args.folder, clean=args.clean, **{k: v for k, v in given.items() if v is not None})
    terminal.say(f"Wrote the synthetic organisation to {args.folder}.")
    if args.events and args.events < made.events:
        terminal.say(f"It has {made.events} everyday events: with fewer some system would be silent for a week.")
    terminal.advise(("to read it", ["load", str(args.folder)]))
    return 0


def load(args: argparse.Namespace, terminal: Terminal) -> int:
    """Load the folders and print what became of each table's rows."""
    began = time.monotonic()
    policy = load_policy(args.policy or _policy_of(args.sources, args.db), load_law())
    exports = any((source / SOURCES).is_file() for source in args.sources)
    pseudonyms = key_in_use(args.keys, terminal, _key_of(args.db)) if exports else None
    with terminal.progress() as bar:
        report = load_sources(
            args.db, args.sources, policy, progress=bar, replacing=args.replace, pseudonyms=pseudonyms
        )
    if report.unchanged:
        terminal.say(f"{args.db} holds these files already; nothing changed.")
    else:
        for message in report.messages:
            terminal.say(message)
        for r in report.replaced:
            rows = "1 row" if r["rows"] == 1 else f"{r['rows']} rows"
            terminal.say(f"{r['table']}: {rows} of load {r['load']} replaced; older snapshots keep them.")
        if not terminal.quiet:
            columns = ("table", "files", "read", "accepted", "duplicate", "rejected")
            terminal.table(columns, [tuple(row[name] for name in columns) for row in report.tables])
        if not policy.commitments:
            terminal.say(
                "No commitments.toml beside the policy file: reports will have no promise to hold against the data."
            )
        terminal.say(f"Loaded into {args.db} in {time.monotonic() - began:.1f} s.")
    if not terminal.quiet:
        terminal.advise(*_after_load(args.db))
    return 0


def _key_of(db: Path) -> str | None:
    """The key whose pseudonyms a database holds; None where it holds none, or is not there yet."""
    return read_snapshot(db).key_id if (db / "CURRENT").is_file() else None


def _after_load(db: Path) -> list[tuple[str, list[str]]]:
    """What to type next, with the last quarter that the logs cover; nothing where there are no logs yet."""
    try:
        with open_workbench(db) as workbench:
            period = ["--period", workbench.asked.period.label]
    except AuditError:
        return []
    return [
        ("to run the checks", ["check", *period, *naming(db)]),
        ("to make the report", ["report", *period, *naming(db)]),
    ]


def _policy_of(sources: list[Path], db: Path) -> Path:
    """The policy file of the first source that has one, else the database's own, else the sample organisation's."""
    for source in sources:
        if (source / "policy.toml").is_file():
            return source / "policy.toml"
    return read_snapshot(db).policy_file if (db / "CURRENT").exists() else shipped("mira") / "policy.toml"
