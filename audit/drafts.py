"""A new check from idea to result: its folder beside the policy file, and whether it is as its page says."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from audit.catalog import Check, find, load_catalog, own_checks
from audit.checkfile import is_name
from audit.errors import UsageError
from audit.policy import load_policy
from audit.statutes import load_law
from audit.worked import Fault, faults

PAGES_POLICY = Path(__file__).with_name("checks") / "policy.toml"
"""The policy that the pages of the package's checks are written against: their worked cases are judged under it."""
_FILES = ("check.toml", "check.sql", "check.md", "check.sv.toml")


def new_check(name: str, policy: Path) -> Path:
    """Write the folder of a new check beside a policy file: small, whole and right, for changing step by step.

    Args:
        name: what the check is called: small letters, digits and underscores.
        policy: the organisation's policy file.

    Returns:
        The folder.

    Raises:
        UsageError: not a name, or the name of another check; or there is no such policy file.
        CheckError: a check that stands there already is not as agreed.
    """
    if not is_name(name):
        raise UsageError("not a check's name", column=name, expected="small letters, digits and underscores")
    if not policy.is_file():
        raise UsageError("no policy file here", file=policy, fix="Give the organisation's with --policy FILE")
    folder = policy.with_name("checks") / name
    if folder.exists() or name in load_catalog(own_checks(policy)):
        raise UsageError("there is a check of this name", column=name, expected="a name of its own")
    folder.mkdir(parents=True)
    for file in _FILES:
        text = (files("audit") / "templates" / "check" / file).read_text("utf-8")
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def try_checks(names: list[str], policy: Path) -> list[tuple[Check, list[Fault]]]:
    """Run the worked cases of checks that stand beside a policy file, or of the package's own.

    Args:
        names: of the checks; all that stand beside the policy file where none is named.
        policy: the organisation's policy file; the cases of its own checks are judged under it, those of the package's
            under the policy that their pages are written against.

    Returns:
        Each check with what is not as its page says; nothing where all is.

    Raises:
        UsageError: no such check, or none beside the policy file.
        CheckError: a check's folder is not as agreed.
    """
    own = own_checks(policy)
    catalog = load_catalog(own)
    wanted = names or [check.name for check in catalog.values() if check.folder.parent == own]
    if not wanted:
        raise UsageError("no checks of your own here", file=policy, fix="Write one: audit new CHECK")
    law = load_law()
    house, of_pages = load_policy(policy, law), load_policy(PAGES_POLICY, law)
    found = (find(catalog, name) for name in wanted)
    return [(check, faults(check, law, house if check.folder.parent == own else of_pages)) for check in found]


def borrowed(policy: Path, into: Path) -> Path:
    """Copy an organisation's files into another folder, to try checks there; gives the policy file's copy."""
    shutil.copytree(policy.parent, into, dirs_exist_ok=True)
    return into / policy.name
