"""The commands for checks of one's own: new, test."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.drafts import PAGES_POLICY, new_check, try_checks
from audit.errors import CheckError
from audit.places import POLICY
from audit.terminal import Terminal


def new(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write a new check's folder and say what to do with it."""
    folder = new_check(args.check, args.policy)
    terminal.answer(str(folder))
    terminal.say("It is a whole check, about the requests: change its page, its cases and its SQL into yours.")
    given = _naming(args.policy)
    terminal.advise(
        ("to run its worked cases", ["test", args.check, *given]),
        ("to run it on the data", ["check", "--period", "P", "--only", args.check, "--policy", str(args.policy)]),
        ("to keep it with the data", ["load", str(args.policy.parent)]),
    )
    return 0


def test(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run worked cases and print what is not as the page says.

    Raises:
        CheckError: a check is not as its page says.
    """
    policy = args.policy
    if args.checks and policy == POLICY and not policy.is_file():
        policy = PAGES_POLICY  # outside a checkout: the package's own checks are there all the same
    tried = try_checks(args.checks, policy)
    for check, faults in tried:
        wrong = {fault.case for fault in faults if fault.case}
        of = f"of {len(check.cases)} worked cases"
        held = f"{len(check.cases) - len(wrong)} {of} hold"
        untried = any(fault.is_whole for fault in faults)
        terminal.answer(f"{check.name}: {f'none {of} could be tried' if untried else held}")
        for fault in faults:
            where = f"{check.folder / 'check.md'}:{fault.line}: {fault.case}: " if fault.line else ""
            terminal.answer(f"  {where}{fault.says}")
    failed = [check.name for check, faults in tried if faults]
    if failed:
        raise CheckError("not as the page says", column=", ".join(failed))
    return 0


def _naming(policy: Path) -> list[str]:
    """The words that name a policy file in a command; none for the default one."""
    return [] if policy == POLICY else ["--policy", str(policy)]
