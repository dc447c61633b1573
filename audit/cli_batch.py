"""The command that makes the report of every client."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from audit.batch import ENGINES, Made, Question, make_all
from audit.errors import UsageError
from audit.making import Order
from audit.signing_keys import chosen_settings, read_settings
from audit.terminal import Terminal


def report_all(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make every client's report and tell what became of each; the worst exit code of all."""
    engine = args.engine or ENGINES[0]
    if engine not in ENGINES:
        raise UsageError("this system has no such engine", column="engine", expected=" or ".join(ENGINES))
    options = {name: getattr(args, name) for name in ("period", "as_of", "role", "policy", "snapshot")}
    question = Question(args.db, args.out, options, *_form(args), engine=engine)
    began = time.monotonic()
    try:
        with terminal.progress(left=True) as bar:
            made = make_all(question, args.jobs or os.cpu_count() or 1, bar)
    except KeyboardInterrupt:
        terminal.warn("Stopped. What is finished is kept; the same command goes on from there.")
        raise
    _show(made, terminal)
    new = sum(m.is_new and m.error is None for m in made)
    terminal.say(f"Made {new} of {len(made)} reports in {time.monotonic() - began:.0f} s.")
    return max((m.exit_code for m in made), default=0)


def _form(args: argparse.Namespace) -> tuple[Order, Path | None]:
    """What each report is to be like, and the settings of who signs it."""
    settings = chosen_settings(args.signing, unsigned=args.unsigned)
    authority = None
    if settings:
        from audit.signature import Signer  # takes a second to load

        authority = Signer(read_settings(settings)).authority_sha256
    form = {name: getattr(args, name) or "" for name in ("language", "edition", "profile")}
    return Order(args.report, **form, signed_under=authority), settings


def _show(made: list[Made], terminal: Terminal) -> None:
    """A line a client, and of each that failed why and where its notebook is."""
    rows = [(m.client, _state(m), m.folder.name, m.violations) for m in made]
    terminal.table(("client", "report", "folder", "violations"), rows, text_columns=3)
    for m in made:
        if m.error is not None:
            kept = f" Its notebook is in {m.folder}." if m.folder.is_dir() else ""
            terminal.warn(f"{m.client}: {m.error}.{kept}")


def _state(made: Made) -> str:
    if made.error is not None:
        return "failed"
    return "made" if made.is_new else "up to date"
