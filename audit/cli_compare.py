"""The command that compares: compare."""

from __future__ import annotations

import argparse
from typing import Any

from audit.cli_check import naming, open_from
from audit.compared import comparison_json
from audit.comparison import Comparison, Restatement
from audit.terminal import Terminal, percent

_FLOWS = ("new", "still_open", "other_reason", "resolved", "past")
_RATES = ("rate_before", "decided_before", "rate", "decided", "points")
_HEADS = ("new", "still open", "other reason", "resolved", "past")


def compare(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print two periods side by side and what moved in the other one's report; 1 where this one has a violation."""
    with open_from(args) as workbench, terminal.progress() as bar:
        bar("comparing")
        comparison = workbench.compare(args.other)
    if args.json:
        terminal.data(comparison_json(comparison))
    else:
        _show(comparison, terminal)
        period = ["--period", args.period, *naming(args.db)]
        terminal.advise(("to list this period's findings", ["check", *period, "--findings", "findings.csv"]))
    return 1 if comparison.now.violations else 0


def _show(comparison: Comparison, terminal: Terminal) -> None:
    now, before = comparison.now, comparison.before
    scope = [f"{name} {value}" for name, value in (("client", now.client_id), ("role", now.role)) if value]
    terminal.sentence(", ".join([now.organisation, f"{now.period} beside {before.period}", *scope]))
    rows = [
        (row["check"], *(_said(row, name) for name in _RATES), *(row[name] for name in _FLOWS))
        for row in comparison.table()
    ]
    terminal.table(("check", before.period, "of", now.period, "of", "points", *_HEADS), rows)
    terminal.sentence("Where the items are events of one period, none can stay open: there only the rates compare.")
    reasons = [
        (c.now.check, f.outcome, f.reason, *(getattr(f, name) for name in _FLOWS)) for c in comparison for f in c.flows
    ]
    if reasons:
        terminal.table(("check", "outcome", "reason", *_HEADS), reasons, text_columns=3)
    _show_restated(comparison.restated, before.period, terminal)


def _said(row: dict[str, Any], name: str) -> object:
    if name == "points":
        return None if row[name] is None else f"{row[name]:+.1f}"
    return percent(row[name]) if name.startswith("rate") else row[name]


def _show_restated(restated: Restatement | None, period: str, terminal: Terminal) -> None:
    """What moved in the other period's last report since."""
    if restated is None:
        terminal.sentence(f"No report of {period} is kept here, so nothing can be said of what moved since.")
        return
    what = f"The {restated.report} of {period}, as of {restated.as_of}"
    if not restated.checks:
        terminal.sentence(f"{what}, would say the same today.")
        return
    terminal.sentence(f"{what}, would say otherwise today:")
    rows = [
        (c.now.check, percent(c.before.rate), c.before.decided, c.before.violation, percent(c.now.rate), c.now.decided,
         c.now.violation)
        for c in restated.checks
    ]  # fmt: skip
    terminal.table(("check", "reported", "of", "violations", "today", "of", "violations"), rows)
    moves = [
        (c.now.check, m.before or "-", m.now or "-", m.reason, m.cause.replace("_", " "), m.file or "-", m.items)
        for c in restated.checks
        for m in c.moved
    ]
    if moves:
        terminal.table(("check", "was", "is", "reason", "because", "file", "items"), moves, text_columns=6)
    for a in restated.arrivals:
        terminal.sentence(f"{a.table}: {a.rows} rows came too late for it, {a.replaced} were replaced since.")
    for kind, name in restated.rules:
        terminal.sentence(f"Changed since: {kind} {name}.")
