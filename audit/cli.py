"""The command line: it parses, calls, prints and exits; what it calls is the Python API."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from audit import __version__
from audit.arguments import Parser, add_batch, add_command, add_database, add_form, findings, names
from audit.arguments_compare import compare
from audit.arguments_data import import_export, keys, lab, load, prune, rejected, sample, snapshots
from audit.arguments_new import new, test
from audit.editions import CLIENT, EDITIONS, QUARTERLY, REPORTS, USUAL_EDITION
from audit.errors import AuditError
from audit.messages import LANGUAGES
from audit.terminal import Terminal

if TYPE_CHECKING:
    from audit.arguments import Commands

_INTERRUPTED = 130  # as a shell says it: 128 and the signal
_PIPE_CLOSED = 141
_BUG = 70  # EX_SOFTWARE of sysexits.h


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, as ``--help`` describes it."""
    parser = Parser(
        prog="audit",
        description="Did we do what our privacy policy says? Checks it against the logs and writes the report.",
        epilog="Begin with:  audit load data/mira  and then  audit check --period 2026Q3\n"
        "Exit codes: 0 no violation, 1 violations found, 2 wrong usage, 3 input refused,\n"
        "            4 a check could not run, 5 verify found a difference",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"audit-workbench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for add in (
        sample,
        load,
        import_export,
        rejected,
        snapshots,
        prune,
        keys,
        _check,
        compare,
        _explain,
        _evidence,
        _due,
        _report,
        _verify,
        new,
        test,
        lab,
    ):
        add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after ``audit``; those of this process where left out.

    Returns:
        The exit code.
    """
    try:
        args = build_parser().parse_args(argv)
        # Loaded now, so that no command waits for the engines of another.
        module, function = args.command
        code: int = getattr(import_module(f"audit.{module}"), function)(args, Terminal(quiet=args.quiet))
        sys.stdout.flush()  # here, so that a reader that has gone is noticed below
    except AuditError as error:
        print(f"audit: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _PIPE_CLOSED  # the reader (head, less) has what it wanted
    except Exception as error:  # noqa: BLE001 - a bug keeps its traceback, but not Python's code 1: "violations found"
        if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl+C
            return _INTERRUPTED
        traceback.print_exc()
        return _BUG
    return code


_LAST_QUARTER = "the last quarter that the loaded logs cover"


def _check(commands: Commands) -> None:
    parser = add_command(
        commands, "check", "cli_check", "run the checks for a period", "audit check --period 2026Q3 --only retention"
    )
    add_database(parser)
    parser.add_argument("--only", type=names, metavar="CHECK,...", help="these checks only")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--findings", type=findings, metavar="FILE", help="also write the findings: .csv, .jsonl, .parquet"
    )


def _explain(commands: Commands) -> None:
    parser = add_command(
        commands,
        "explain",
        "cli_check",
        "say what a check asks, or why an item got its outcome",
        "audit explain retention",
    )
    parser.add_argument("check", metavar="CHECK", help="the check's name")
    parser.add_argument(
        "--item", metavar="KEY", help="an item's key, TABLE:KEY where several tables have it: its outcome, step by step"
    )
    add_database(parser, period=_LAST_QUARTER)


def _evidence(commands: Commands) -> None:
    parser = add_command(
        commands,
        "evidence",
        "cli_check",
        "show the rows behind a finding, with file and line",
        "audit evidence F-3f9a1c5e7b2d4086",
    )
    parser.add_argument("finding_id", metavar="FINDING_ID", help="from the findings file or a report's annex")
    add_database(parser, period=_LAST_QUARTER)


def _due(commands: Commands) -> None:
    parser = add_command(
        commands,
        "due",
        "cli_check",
        "compute a time limit and give its reasoning",
        "audit due request 2026-06-30T22:30Z",
    )
    kinds = ("request", "breach", "retention", "period")
    parser.add_argument("kind", choices=kinds, help="what the limit is for; period: any under Regulation 1182/71")
    parser.add_argument("start", metavar="START", help="when it began: a day or an instant, ISO 8601")
    parser.add_argument("--identity-requested", metavar="D", help="request: the day proof of identity was asked for")
    parser.add_argument("--identity-confirmed", metavar="D", help="request: the day it arrived")
    parser.add_argument(
        "--identity-undoubted",
        dest="identity_doubted",
        action="store_const",
        const=False,
        help="request: there was no reasonable doubt who asks: asking for proof stops nothing",
    )
    parser.add_argument("--extended", metavar="D", help="request: the day the person was told of an extension")
    parser.add_argument("--reason", metavar="TEXT", help="request: the extension's reason")
    parser.add_argument(
        "--refused", action="store_const", const=True, help="request: it was refused, which is not extended"
    )
    parser.add_argument("--convention", choices=("elapsed", "regulation_1182"), help="breach: how hours are counted")
    parser.add_argument(
        "--period",
        metavar="P24M",
        help="retention, period: how long, ISO 8601; breach: how soon the processing agreement has the client told",
    )
    parser.add_argument("--anchor", metavar="ANCHOR", help="retention: what the start is, as fiscal_year_end")
    parser.add_argument("--held-from", metavar="D", help="retention: the first day of a legal hold")
    parser.add_argument("--held-to", metavar="D", help="retention: the day after its last; it runs where left out")
    parser.add_argument(
        "--country", metavar="CC", help="another member state, whose holidays count (default: the organisation's)"
    )
    parser.add_argument(
        "--eves-as-holidays",
        action=argparse.BooleanOptionalAction,
        help="whether eves count as holidays (default: as the policy file says)",
    )
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy file (default: the sample organisation's)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object: due and steps")


def _report(commands: Commands) -> None:
    usual = {e: ", ".join(name for name, edition in USUAL_EDITION.items() if edition == e) for e in EDITIONS}
    parser = add_command(
        commands, "report", "cli_report", "run the notebooks and typeset the report", "audit report --period 2026Q3"
    )
    add_database(parser, period=_LAST_QUARTER)
    default = f"(default: {QUARTERLY}, with --all-clients {CLIENT})"
    parser.add_argument("--report", choices=REPORTS, help=f"which report {default}")
    parser.add_argument(
        "--incident",
        metavar="ID",
        help="incident-dossier: this incident's, in or before the period (default: one for each personal data breach"
        " detected in it)",
    )
    add_batch(parser)
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="the report's language")
    parser.add_argument(
        "--edition",
        choices=EDITIONS,
        help="external names nobody; internal shows the keys of items, so that people can mend things"
        f" (default: internal for {usual['internal']}; external for {usual['external']})",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports"), metavar="DIR", help="default: reports/, a folder a run"
    )
    add_form(parser)


def _verify(commands: Commands) -> None:
    parser = add_command(
        commands,
        "verify",
        "cli_verify",
        "tell whether a report is as it was made: its PDF by itself, or its folder",
        "audit verify quarterly-report.pdf",
    )
    parser.add_argument("path", type=Path, metavar="DIR_OR_PDF", help="a report's PDF, or its folder")
    parser.add_argument(
        "--authority",
        metavar="F",
        help="the certificate (PEM file, or its SHA-256 fingerprint) of the authority that should have signed",
    )
    parser.add_argument("--db", type=Path, help="also make the report again from this database, and compare")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="with --db: the policy file (default: as loaded)")
