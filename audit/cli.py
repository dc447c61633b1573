"""The command line: it parses, calls, prints and exits; what it calls is the Python API."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from audit import __version__
from audit.errors import AuditError, UsageError
from audit.terminal import Terminal

_DB = Path("data/audit.db")
_INTERRUPTED = 130  # as a shell says it: 128 and the signal
_PIPE_CLOSED = 141
_BUG = 70  # EX_SOFTWARE of sysexits.h
_FINDINGS = (".csv", ".jsonl", ".parquet")


class Parser(argparse.ArgumentParser):
    """A parser that reports a wrong word as every other error of the user: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, fix=f"Try: {self.prog} --help")


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
    for add in (_sample, _load, _check, _explain, _evidence, _due, _report, _verify, _lab):
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


def _add(
    commands: argparse._SubParsersAction[Parser], name: str, module: str, does: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=f"Example:  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--quiet", action="store_true", help="no progress and no advice, only the answer")
    parser.set_defaults(command=(module, name))
    return parser


def _add_database(parser: argparse.ArgumentParser, *, period: str | None = None) -> None:
    """The options that say which rows are asked; ``period`` is its help, or None where it must be given."""
    parser.add_argument("--db", type=Path, default=_DB, help="the database (default: %(default)s)")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="the organisation's policy file (default: as loaded)"
    )
    form = "2026Q3, 2026-07, 2026 or 2026-07-01/2026-10-01 (end exclusive)"
    text = f"{form}; default: {period}" if period else form
    parser.add_argument("--period", required=period is None, metavar="P", help=text)
    parser.add_argument(
        "--as-of", metavar="T", help="judge with what was known at this instant, ISO 8601 (default: the period's end)"
    )
    parser.add_argument("--client", metavar="ID", help="this client's rows only")
    parser.add_argument("--role", choices=("controller", "processor"), help="what was done in this role only")


_LAST_QUARTER = "the last quarter that the loaded logs cover"


def _sample(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands,
        "sample",
        "cli_data",
        "write a synthetic organisation with known violations",
        "audit sample data/try --seed 7",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write it")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same bytes")
    parser.add_argument("--events", type=_count, metavar="N", help="how many processing events")
    parser.add_argument("--start", type=_day, metavar="D", help="first day of the logs")
    parser.add_argument("--end", type=_day, metavar="D", help="the day after their last")
    parser.add_argument("--clean", action="store_true", help="without any violation")


def _load(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands, "load", "cli_data", "load folders of registers and logs, wholly or not at all", "audit load data/mira"
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="SOURCE", help="a folder of tables")
    parser.add_argument("--db", type=Path, default=_DB, help="the database (default: %(default)s)")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy file (default: policy.toml of the first source)"
    )


def _check(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands, "check", "cli_check", "run the checks for a period", "audit check --period 2026Q3 --only retention"
    )
    _add_database(parser)
    parser.add_argument("--only", type=_names, metavar="CHECK,...", help="these checks only")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--findings", type=_findings, metavar="FILE", help="also write the findings: .csv, .jsonl, .parquet"
    )


def _explain(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands,
        "explain",
        "cli_check",
        "say what a check asks, or why an item got its outcome",
        "audit explain retention",
    )
    parser.add_argument("check", metavar="CHECK", help="the check's name")
    parser.add_argument("--item", metavar="KEY", help="an item's key: its outcome, step by step")
    _add_database(parser, period=_LAST_QUARTER)


def _evidence(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands, "evidence", "cli_check", "show the rows behind a finding, with file and line", "audit evidence 3f9a1c"
    )
    parser.add_argument("finding_id", metavar="FINDING_ID", help="from the findings file or a report's annex")
    _add_database(parser, period=_LAST_QUARTER)


def _due(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands,
        "due",
        "cli_check",
        "compute a time limit and give its reasoning",
        "audit due request 2026-06-30T22:30Z",
    )
    parser.add_argument("kind", choices=("request", "breach", "retention"), help="what the limit is for")
    parser.add_argument("start", metavar="START", help="when it began: a day or an instant, ISO 8601")
    parser.add_argument("--identity-requested", metavar="D", help="request: the day proof of identity was asked for")
    parser.add_argument("--identity-confirmed", metavar="D", help="request: the day it arrived")
    parser.add_argument("--extended", metavar="D", help="request: the day the person was told of an extension")
    parser.add_argument("--reason", metavar="TEXT", help="request: the extension's reason")
    parser.add_argument("--convention", choices=("elapsed", "regulation_1182"), help="breach: how hours are counted")
    parser.add_argument("--period", metavar="P24M", help="retention: how long it may be kept, ISO 8601")
    parser.add_argument("--anchor", metavar="ANCHOR", help="retention: what the start is, as fiscal_year_end")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy file (default: the sample organisation's)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object: due and steps")


def _report(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands, "report", "cli_report", "run the notebooks and typeset the report", "audit report --period 2026Q3"
    )
    _add_database(parser, period=_LAST_QUARTER)
    parser.add_argument("--report", choices=("quarterly-report",), default="quarterly-report", help="which report")
    parser.add_argument("--language", choices=("en",), default="en", help="the report's language")
    parser.add_argument("--edition", choices=("internal",), default="internal", help="internal shows item keys")
    parser.add_argument(
        "--out", type=Path, default=Path("reports"), metavar="DIR", help="default: reports/, a folder a run"
    )


def _verify(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(
        commands, "verify", "cli_check", "compare a report's folder with its sums", "audit verify reports/2026Q3"
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the report's folder")


def _lab(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = _add(commands, "lab", "cli_data", "open JupyterLab on the notebooks, the database read-only", "audit lab")
    parser.add_argument("--db", type=Path, default=_DB, help="the database (default: %(default)s)")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("not a day; expected one like 2026-07-01") from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("not a number above 0")
    return int(text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _findings(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _FINDINGS:
        raise argparse.ArgumentTypeError(f"not a kind of file it can write; expected {', '.join(_FINDINGS)}")
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError("its folder does not exist")
    return path
