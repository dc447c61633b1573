"""The command that makes and keeps keys: of pseudonyms, and of the signatures of reports."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from pathlib import Path

from audit.errors import AuditError, UsageError
from audit.keyring import default_path, make_keys, read_keys, rotate_keys
from audit.pseudonyms import Pseudonyms
from audit.signing_keys import make_authority, settings_file
from audit.terminal import Terminal


def keys(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make keys, renew or show those of pseudonyms, or give a person's pseudonyms. A key itself is never printed."""
    path = args.keys or default_path()
    if args.action == "init":
        _make(path, args.organisation, terminal)
    elif args.action == "rotate":
        made = rotate_keys(path)
        terminal.say(
            f"Key {made.pseudonyms.key_id} is now in use in {path}; the earlier ones are kept there.\n"
            "A database stays under the key it was loaded with: load the sources anew into a new one (audit load"
            " SOURCE --db NEW) and remove the old one when nobody needs it."
        )
    elif args.action == "show":
        found = [(k.pseudonyms.key_id, k.made_on, "") for k in read_keys(path)]
        found[-1] = (*found[-1][:2], "in use")
        terminal.table(("key", "made on", ""), found, text_columns=3)
    else:
        _person(path, args.system_id, terminal)
    return 0


def _make(path: Path, organisation: str, terminal: Terminal) -> None:
    """Make the key file, what reports are signed with, or whichever of the two is not there."""
    settings = settings_file(path)
    if not path.exists() or settings.exists():  # where both are there, this says so
        made = make_keys(path)
        terminal.say(f"Made {path} with key {made.pseudonyms.key_id}.\n{_KEEP}")
    if not settings.exists():
        fingerprint = make_authority(settings.parent, organisation)
        terminal.say(
            f"Made a certificate authority of your own in {settings.parent}; reports are signed under it from now on.\n"
            f"Its SHA-256 fingerprint, which receivers compare: {fingerprint}\n"
            "Give it to them by another way than the reports. Its private key, in signing-ca beside it, is needed again"
            " only for a new signing key: keep it elsewhere. It makes no qualified signatures."
        )


_KEEP = "Keep it, and keep it secret: without it the same person cannot be recognised in later exports."


def key_in_use(given: Path | None, terminal: Terminal, loaded_under: str | None = None) -> Pseudonyms:
    """The pseudonyms of the key in use; a key file is made where nobody named one and there is none, and that is said.

    Args:
        given: the key file that was named.
        terminal: says it, also when quiet.
        loaded_under: the key_id of the database to load into: then no key that is made now could be right.

    Raises:
        AuditError: the key file cannot be read or made, or the database's key is gone.
    """
    path = given or default_path()
    if not given and not path.exists():
        if loaded_under:
            raise AuditError(
                "there is no key file, and this database was loaded with one",
                file=path,
                expected=f"key {loaded_under}",
                fix="Put the key file back, or name it with --keys; else load the sources into a new --db.",
            )
        make_keys(path)
        terminal.warn(f"There was no key for pseudonyms: made one in {path}.\n{_KEEP}")
    return read_keys(path)[-1].pseudonyms


def _person(path: Path, system_id: str | None, terminal: Terminal) -> None:
    """Print what a person is called in the databases, under every key: to answer the person's request."""
    found = read_keys(path)
    if sys.stdin.isatty():
        identifier = getpass.getpass("E-mail address, personal number, telephone, name or id (not shown): ")
    else:
        identifier = sys.stdin.readline()
    if not identifier.strip():
        raise UsageError("nothing to look for", expected="one identifier on standard input")
    rows = [
        (key.pseudonyms.key_id, what, pseudonym)
        for key in reversed(found)
        for what, pseudonym in _pseudonyms(key.pseudonyms, identifier.strip(), system_id)
    ]
    terminal.table(("key", "as", "pseudonym"), rows, text_columns=3)


def _pseudonyms(of: Pseudonyms, identifier: str, system_id: str | None) -> Iterator[tuple[str, str]]:
    """What an identifier may stand for, by its form, and its pseudonym as that."""
    if "@" in identifier:
        yield "e-mail address", of.email(identifier)
        yield "e-mail address of staff", of.actor("", identifier)
    else:
        if any(letter.isdigit() for letter in identifier):
            yield "personal number", of.personal_number(identifier)
            yield "telephone number", of.phone(identifier)
        yield "name", of.name(identifier)
    if system_id:
        yield f"id in {system_id}", of.external(system_id, identifier)
        if "@" not in identifier:
            yield f"id of staff in {system_id}", of.actor(system_id, identifier)
