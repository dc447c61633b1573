"""The parsers of the commands for checks of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.arguments import add_command
from audit.places import POLICY

if TYPE_CHECKING:
    from audit.arguments import Commands


def new(commands: Commands) -> None:
    """The words of ``audit new``."""
    parser = add_command(
        commands, "new", "cli_new", "write the folder of a new check, whole and ready to change", "audit new my_check"
    )
    parser.add_argument("check", metavar="CHECK", help="its name: small letters, digits and underscores")
    _add_policy(parser)


def test(commands: Commands) -> None:
    """The words of ``audit test``."""
    parser = add_command(
        commands,
        "test",
        "cli_new",
        "run the worked cases of checks, and say where a check says otherwise than its page",
        "audit test my_check",
    )
    parser.add_argument(
        "checks", nargs="*", metavar="CHECK", help="their names (default: all that stand beside the policy file)"
    )
    _add_policy(parser)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        type=Path,
        default=POLICY,
        metavar="FILE",
        help="the organisation's policy file, whose folder has its checks (default: %(default)s)",
    )
