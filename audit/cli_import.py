"""The command that turns a named system's exports into the contracts' tables."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

from audit.cli_keys import key_in_use
from audit.errors import AuditError, UsageError
from audit.places import shipped
from audit.policy import load_policy
from audit.sources.convert import Conversion, convert, written_before
from audit.sources.files import refuse_name
from audit.sources.imported import aside_of
from audit.sources.mapping import Batch, described
from audit.sources.reading import Tally
from audit.sources.systems import SYSTEMS
from audit.sources.systems.export import Context, Export, System
from audit.statutes import load_law
from audit.strict import TomlFile
from audit.terminal import Terminal

_FEW = 5  # exports of which each has its line


def import_export(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write what the exports give as tables, and print what became of their records."""
    batch = _batch(args)
    zone = args.zone or load_policy(args.policy or shipped("mira") / "policy.toml", load_law()).zone
    pseudonyms = key_in_use(args.keys, terminal)
    with terminal.progress() as bar:
        bar(f"Reading {batch.system.name}")
        done = convert(batch, Context(pseudonyms, zone, batch.system_id, batch.client_id), args.out)
    if not terminal.quiet:
        _print(done, terminal)
    if done.replaced:
        terminal.say(f"Replaced the earlier import in {args.out}.")
    terminal.say(f"Wrote {'1 file' if len(done.files) == 1 else f'{len(done.files)} files'} to {args.out}.")
    if done.rows:
        terminal.advise(("to load them", ["load", str(args.out)]))
    return 0


def _print(done: Conversion, terminal: Terminal) -> None:
    """What was read of each export, then the rows of each table, then what no table takes."""
    columns = ("export", "read", "rows", "refused", "set aside")
    counts = [(t.export.name, t.read, t.rows.total(), t.refused.total(), t.aside.total()) for t in done.tallies]
    terminal.table(columns, counts)
    terminal.answer("")
    terminal.table(("table", "rows"), sorted(done.rows.items()))
    for line in _aside(done.tallies):
        terminal.say(line)


def _aside(tallies: Sequence[Tally]) -> list[str]:
    """What no table takes: by export where there are few, else of all together; the manifest has each."""
    if len(tallies) <= _FEW:
        return [line for tally in tallies for line in aside_of(tally)]
    together = Tally(Export(Path(), f"all {len(tallies)} exports"))
    for tally in tallies:
        together.aside.update(tally.aside)
    return aside_of(together)


def _batch(args: argparse.Namespace) -> Batch:
    """The exports that were named, with the settings of the mapping file."""
    if args.system not in SYSTEMS:
        raise UsageError("no such system", column="SYSTEM", expected=f"one of {', '.join(SYSTEMS)}")
    system = SYSTEMS[args.system]
    written = written_before(system.name, args.out)
    exports = [Export(path, str(path)) for name in args.files for path in _files(name, system, written)]
    for export in exports:
        refuse_name(export.path)
    file = TomlFile(args.mapping) if args.mapping else TomlFile(Path("--mapping"), b"")
    try:
        with file.root as root:
            return described(root, system, list(dict.fromkeys(exports)), args.system_id, args.client)
    except AuditError as error:
        if args.mapping:
            raise
        fix = f"Write its settings in a file and name it with --mapping: docs/importing.md, under {system.name}."
        raise UsageError(error.message, file="--mapping", column=error.column, fix=fix) from None


def _files(path: Path, system: System, written: Collection[Path]) -> Sequence[Path]:
    """A file itself; of a folder those with the system's endings, without what an earlier import has written.

    Raises:
        UsageError: nothing is there, or nothing with such an ending.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError("no such file or folder", file=path)
    found = sorted(p for p in path.rglob("*") if p.is_file() and _plain_name(p).endswith(system.endings))
    found = [p for p in found if p.resolve() not in written]
    if not found:
        raise UsageError(f"no export of {system.name} here", file=path, expected=f"files: {', '.join(system.endings)}")
    return found


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").removesuffix(".zst")
