"""The command that makes a report."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.cli_check import naming, open_from, show_results
from audit.dossier import breaches
from audit.editions import CLIENT, DOSSIER, QUARTERLY
from audit.errors import UsageError
from audit.making import Order, folder_name, is_current, make_report
from audit.report_parts import checks_of
from audit.run import Workbench
from audit.signing_keys import chosen_settings, read_settings
from audit.terminal import Terminal

if TYPE_CHECKING:
    from audit.signature import Signer


def report(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make the report, or find it made already; 1 where it holds a violation.

    Dossiers are made for the incident named, else for each personal data breach detected in the period.
    """
    args.report = args.report or (CLIENT if args.all_clients else QUARTERLY)
    if args.all_clients:
        return _all_clients(args, terminal)
    if args.report == CLIENT and args.client is None:
        raise UsageError("a client's report needs a client", column="client", fix="Give --client ID or --all-clients")
    if args.incident is not None and args.report != DOSSIER:
        raise UsageError("only a dossier is about one incident", column="incident", fix=f"Give --report {DOSSIER}")
    signer = signer_of(args)
    with open_from(args) as workbench:
        orders = _orders(args, workbench, signer)
        made = [_made(args, workbench, order, signer, terminal) for order in orders]
    if not made:
        terminal.say("No personal data breach was detected in the period: there is no dossier to make.")
        return 0
    if len(made) == 1:
        show_results(made[0][1], terminal)
    own, document = naming(args.db), made[-1][0]
    terminal.advise(
        ("to see the rows behind a finding", ["evidence", "FINDING_ID", *own]),
        ("to examine it as its receiver can", ["verify", str(document)]),
        ("to ask further in the notebooks", ["lab", *own]),
    )
    return int(any(check["violation"] for _, results in made for check in results["checks"]))


def _orders(args: argparse.Namespace, workbench: Workbench, signer: Signer | None) -> list[Order]:
    """What is to be made: one report, or a dossier for each breach."""
    order = Order(
        args.report,
        language=args.language,
        edition=args.edition or "",
        profile=args.profile,
        incident=args.incident,
        signed_under=signer.authority_sha256 if signer else None,
    )
    if args.report != DOSSIER or args.incident is not None:
        return [order]
    return [replace(order, incident=incident) for incident in breaches(workbench.con, workbench.asked)]


def _made(
    args: argparse.Namespace, workbench: Workbench, order: Order, signer: Signer | None, terminal: Terminal
) -> tuple[Path, dict[str, Any]]:
    """One report, made or found made already: its PDF and its results."""
    began = time.monotonic()
    target = args.out / folder_name(workbench, order, args.snapshot)
    document = target / f"{order.name}.pdf"
    if is_current(workbench, target, order):
        terminal.say(f"{document} is up to date.")
    else:
        with terminal.progress() as bar:
            make_report(workbench, target, order, signer, progress=bar)
        terminal.say(f"Wrote {document} in {time.monotonic() - began:.1f} s.")
    if checks_of(order.name) is None:  # what is about less is no state of the period to compare with
        workbench.keep_run(workbench.check_all(), order.name)
    results: dict[str, Any] = json.loads((target / "results.json").read_text(encoding="utf-8"))
    return document, results


def signer_of(args: argparse.Namespace) -> Signer | None:
    """Who signs: what the settings name that were given, or that ``audit keys init`` made; nobody where unsigned."""
    settings = chosen_settings(args.signing, unsigned=args.unsigned)
    if settings is None:
        return None
    from audit.signature import Signer  # takes a second to load

    return Signer(read_settings(settings))


def _all_clients(args: argparse.Namespace, terminal: Terminal) -> int:
    from audit.cli_batch import report_all  # late: one report needs none of it

    if args.report != CLIENT or args.client is not None:
        raise UsageError("not for this report", column="all-clients", fix=f"Give --report {CLIENT}, and no --client")
    return report_all(args, terminal)
