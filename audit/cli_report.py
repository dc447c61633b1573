"""The command that makes a report."""

from __future__ import annotations

import argparse
import json
import time

from audit.cli_check import naming, open_from, show_results
from audit.errors import UsageError
from audit.making import CLIENT, folder_name, is_current, make_report
from audit.terminal import Terminal


def report(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make the report, or find it made already; 1 where it holds a violation."""
    if args.report == CLIENT and args.client is None:
        raise UsageError("a client's report needs a client", column="client", fix="Give --client ID")
    began = time.monotonic()
    with open_from(args) as workbench:
        target = args.out / folder_name(workbench, args.report, args.snapshot)
        made = is_current(workbench, target)
        if not made:
            with terminal.progress() as bar:
                make_report(workbench, target, args.report, progress=bar)
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
        ("to compare the folder with what was written", ["verify", str(target)]),
        ("to ask further in the notebooks", ["lab", *own]),
    )
    return 1 if any(check["violation"] for check in results["checks"]) else 0
