"""How the command line is described: a command's parser, the options that many share, and what a word must be."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from zoneinfo import ZoneInfo

from audit.errors import UsageError

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction["Parser"]

DB = Path("data/audit.db")
_FINDINGS = (".csv", ".jsonl", ".parquet")


class Parser(argparse.ArgumentParser):
    """A parser that reports a wrong word as every other error of the user: one line, exit code 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("type", Path, _path)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, fix=f"Try: {self.prog} --help")


def _path(text: str) -> Path:
    """A path; of nothing Path makes the folder one is in."""
    if not text:
        raise argparse.ArgumentTypeError("no path is given")
    return Path(text)


def _word(text: str) -> str:
    """A word of no other kind; of an empty one, as a variable of a shell that is not set, a default would be made."""
    if not text:
        raise argparse.ArgumentTypeError("nothing is given")
    return text


def add_command(commands: Commands, name: str, module: str, does: str, example: str) -> argparse.ArgumentParser:
    """A command's parser: what it does, an example, and the function of a module that does it."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=f"Example:  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.register("type", None, _word)
    parser.add_argument("--quiet", action="store_true", help="no progress and no advice, only the answer")
    parser.set_defaults(command=(module, name))
    return parser


def add_database(parser: argparse.ArgumentParser, *, period: str | None = None) -> None:
    """The options that say which rows are asked; ``period`` is its help, or None where it must be given."""
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")
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
    parser.add_argument(
        "--snapshot", type=count, metavar="N", help="an older state of the database (default: the current)"
    )
    parser.add_argument("--role", choices=("controller", "processor"), help="what was done in this role only")


def add_batch(parser: argparse.ArgumentParser) -> None:
    """The options of a report that is made for every client."""
    parser.add_argument("--all-clients", action="store_true", help="a client-report for every client")
    parser.add_argument(
        "--engine",
        choices=("fork", "papermill"),
        help="--all-clients: what executes the notebooks; papermill's own starts a kernel for each"
        " (default: fork, where the system has it)",
    )
    parser.add_argument("--jobs", type=count, metavar="N", help="--all-clients: how many at once (default: as CPUs)")


def add_keys(parser: argparse.ArgumentParser) -> None:
    """The option that names the key file."""
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FILE",
        help="the key file (default: $AUDIT_KEYS, else audit/keys.toml in $XDG_CONFIG_HOME or ~/.config)",
    )


def add_form(parser: argparse.ArgumentParser) -> None:
    """The options that say what PDF a report becomes."""
    parser.add_argument(
        "--profile",
        choices=("a-3a", "a-2a"),
        default="a-3a",
        help="the PDF's archive profile: a-3a carries its evidence, a-2a has it beside (default: %(default)s)",
    )
    parser.add_argument(
        "--signing",
        type=Path,
        metavar="FILE",
        help="what to sign with (default: signing/signing.toml beside the key file; not signed where there is none)",
    )
    parser.add_argument("--unsigned", action="store_true", help="do not sign")


def zone(text: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
        raise argparse.ArgumentTypeError("not a time zone; expected one like Europe/Stockholm") from None


def day(text: str) -> date:
    """A day, as argparse reads it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("not a day; expected one like 2026-07-01") from None


def count(text: str) -> int:
    """A number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("not a number above 0")
    return int(text)


def port(text: str) -> int:
    """A TCP port; 0 for any that is free."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("not a number from 0 to 65535")
    return int(text)


def names(text: str) -> list[str]:
    """Names separated by commas, one at least: of nothing no violation would be found."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("no name is given")
    return found


def findings(text: str) -> Path:
    """A file the findings can be written to."""
    path = Path(text)
    if path.suffix not in _FINDINGS:
        raise argparse.ArgumentTypeError(f"not a kind of file it can write; expected {', '.join(_FINDINGS)}")
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError("its folder does not exist")
    return path
