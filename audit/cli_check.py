"""The commands that ask: check, explain, evidence, due."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.catalog import Check, find, load_catalog, own_checks
from audit.outputs import results_json
from audit.places import DEFAULT_DB
from audit.run import Workbench, open_workbench
from audit.snapshot import read_snapshot
from audit.terminal import Terminal, percent
from audit.timelimit import due as due_of

# Below this width the counts get short headings, so that a row stays a line.
_WIDE = 112
_COLUMNS = ("check", "population", "compliant", "violation", "pending", "undetermined", "waived", "rate")
_NARROW = ("check", "items", "kept", "viol", "pend", "undet", "waiv", "rate")
_DUE_OPTIONS = (
    "identity_requested", "identity_confirmed", "identity_doubted", "extended", "reason", "refused", "convention",
    "period", "anchor", "held_from", "held_to", "country", "eves_as_holidays",
)  # fmt: skip


def open_from(args: argparse.Namespace) -> Workbench:
    """The workbench that the command line's options describe."""
    return open_workbench(
        args.db,
        period=args.period,
        as_of=args.as_of,
        client=args.client,
        role=args.role,
        policy=args.policy,
        snapshot=args.snapshot,
    )


def check(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the checks and print their counts; 1 where a violation was found."""
    with open_from(args) as workbench:
        with terminal.progress() as bar:
            found = workbench.check_all(only=args.only, progress=bar)
        workbench.keep_run(found)
        if args.findings:
            workbench.write_findings(found, args.findings)
    results = results_json(found)
    if args.json:
        terminal.data(results)
    else:
        show_results(results, terminal)
        terminal.advise(*_after_check(results, args))
    return 1 if found.violations else 0


def explain(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print a check's page, or the steps to one item's outcome."""
    if args.item is None:
        terminal.page(find(_checks_of(args.policy, args.db), args.check).page)
        return 0
    with open_from(args) as workbench:
        for step in workbench.explain_item(args.check, args.item):
            terminal.sentence(step)
    return 0


def evidence(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print the rows behind a finding, each with its file and line."""
    with open_from(args) as workbench:
        for found in workbench.evidence(args.finding_id):
            terminal.answer(f"{found.table}: {len(found.rows)} {'row' if len(found.rows) == 1 else 'rows'}")
            for row in found.rows:
                terminal.record(row)
    return 0


def due(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print when a time limit ends, and the steps that lead there."""
    options = {name: getattr(args, name) for name in _DUE_OPTIONS}
    answer = due_of(args.kind, args.start, policy=args.policy, **options)
    if args.json:
        terminal.data(answer.to_json())
        return 0
    for number, step in enumerate(answer.steps, start=1):
        terminal.sentence(f"{number}. {step}")
    terminal.answer(f"Due: {answer.due.isoformat() if answer.due else 'not while the clock stands still'}")
    return 0


def naming(db: Path) -> list[str]:
    """The words that name a database in a command; none for the default one, so that commands stay short."""
    return [] if db == DEFAULT_DB else ["--db", str(db)]


def show_results(results: Mapping[str, Any], terminal: Terminal) -> None:
    """Print what ``results_json`` holds: the question, the counts, and what stands in the way of reading them."""
    scope = [f"{name} {results[key]}" for name, key in (("client", "client_id"), ("role", "role")) if results[key]]
    terminal.sentence(", ".join([results["organisation"], results["period"], f"as of {results['as_of']}", *scope]))
    columns = _COLUMNS if terminal.width >= _WIDE else _NARROW
    terminal.table(columns, [_row(check) for check in results["checks"] if check["evaluated"]])
    for check in results["checks"]:
        if not check["evaluated"]:
            terminal.sentence(f"{check['check']}: not evaluated, no rows in {', '.join(check['empty_tables'])}")
    if rejected := sum(results["rejected_rows"].values()):
        were = "row was" if rejected == 1 else "rows were"
        terminal.sentence(f"{rejected} {were} rejected on loading; they count here only where they were mended.")


def _row(check: Mapping[str, Any]) -> tuple[object, ...]:
    return (*(check[name] for name in _COLUMNS[:-1]), percent(check["rate"]))


def _after_check(results: Mapping[str, Any], args: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """What to type next: the page of the worst check, then the findings, then the report."""
    policy = ["--policy", str(args.policy)] if args.policy else []
    state = [*naming(args.db), *policy]
    own = [*state, *(["--snapshot", str(args.snapshot)] if args.snapshot else [])]
    period = ["--period", args.period]
    worst = max(results["checks"], key=lambda check: check["violation"], default=None)
    commands = []
    if worst and worst["violation"]:
        commands.append((f"to read what {worst['check']} asks", ["explain", worst["check"], *state]))
        if not args.findings:
            asked = {
                "--only": ",".join(args.only or ()),
                "--as-of": args.as_of,
                "--client": args.client,
                "--role": args.role,
            }
            scope = [word for option, value in asked.items() if value for word in (option, value)]
            commands.append(("to list the findings", ["check", *period, *scope, *own, "--findings", "findings.csv"]))
    if args.findings:
        commands.append(("to see the rows behind one of them", ["evidence", "FINDING_ID", *own]))
    return [*commands, ("to make the report", ["report", *period, *state])]


def _checks_of(policy: Path | None, db: Path) -> Mapping[str, Check]:
    """The checks by name: the package's, and those beside the policy file that is given or that the data has."""
    if policy is None and (db / "CURRENT").is_file():
        policy = read_snapshot(db).policy_file
    return load_catalog(own_checks(policy) if policy else None)
