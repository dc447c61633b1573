"""The command that makes a report."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

from audit.cli_check import naming, open_from, show_results
from audit.errors import UsageError
from audit.making import CLIENT, Order, folder_name, is_current, make_report
from audit.signing_keys import read_settings, settings_file
from audit.terminal import Terminal

if TYPE_CHECKING:
    from audit.signature import Signer


def report(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make the report, or find it made already; 1 where it holds a violation."""
    if args.all_clients:
        return _all_clients(args, terminal)
    if args.report == CLIENT and args.client is None:
        raise UsageError("a client's report needs a client", column="client", fix="Give --client ID or --all-clients")
    began = time.monotonic()
    signer = signer_of(args)
    order = Order(
        args.report,
        language=args.language,
        edition=args.edition,
        profile=args.profile,
        signed_under=signer.authority_sha256 if signer else None,
    )
    with open_from(args) as workbench:
        target = args.out / folder_name(workbench, order, args.snapshot)
        made = is_current(workbench, target, order)
        if not made:
            with terminal.progress() as bar:
                make_report(workbench, target, order, signer, progress=bar)
        workbench.keep_run(workbench.check_all(), order.name)
    results = json.loads((target / "results.json").read_text(encoding="utf-8"))
    show_results(results, terminal)
    document = target / f"{args.report}.pdf"
    if made:
        terminal.say(f"{document} is up to date.")
    else:
        terminal.say(f"Wrote {document} in {time.monotonic() - began:.1f} s.")
    own = naming(args.db)
    terminal.advise(
        ("to see the rows behind a finding", ["evidence", "FINDING_ID", *own]),
        ("to examine it as its receiver can", ["verify", str(document)]),
        ("to ask further in the notebooks", ["lab", *own]),
    )
    return 1 if any(check["violation"] for check in results["checks"]) else 0


def signer_of(args: argparse.Namespace) -> Signer | None:
    """Who signs: what the settings name that were given, or that ``audit keys init`` made; nobody where unsigned."""
    path = args.signing or settings_file()
    if args.unsigned or (args.signing is None and not path.exists()):
        return None
    from audit.signature import Signer  # takes a second to load

    return Signer(read_settings(path))


def _all_clients(args: argparse.Namespace, terminal: Terminal) -> int:
    from audit.cli_batch import report_all  # late: one report needs none of it

    if args.report != CLIENT or args.client is not None:
        raise UsageError("not for this report", column="all-clients", fix=f"Give --report {CLIENT}, and no --client")
    return report_all(args, terminal)
