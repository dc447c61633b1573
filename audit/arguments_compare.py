"""The parser of the command that compares two periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.arguments import add_command, add_database

if TYPE_CHECKING:
    from audit.arguments import Commands


def compare(commands: Commands) -> None:
    """The words of ``audit compare``."""
    parser = add_command(
        commands,
        "compare",
        "cli_compare",
        "hold a period against another one, and say what moved in a reported one since",
        "audit compare --period 2026Q3 --with 2026Q2",
    )
    add_database(parser)
    parser.add_argument(
        "--with", dest="other", metavar="Q", help="the other period, as --period (default: the one before)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
