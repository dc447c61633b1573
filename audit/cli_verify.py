"""The command that tells whether a report still is what was delivered."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from audit import folder
from audit.errors import UsageError, VerifyError
from audit.signing_keys import fingerprint, load_chain
from audit.terminal import Terminal


def verify(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare a report's folder with its sums, or examine a report's PDF by itself.

    Raises:
        VerifyError: it differs; the differences are on stdout.
    """
    if args.path.is_dir():
        return _folder(args.path, terminal)
    from audit.verify import verify_pdf  # the engines of signatures take a second to load

    expected = None if args.authority is None else _fingerprint(args.authority)
    found = verify_pdf(args.path, expected)
    for sentence in found.said:
        terminal.sentence(sentence)
    for difference in found.differences:
        terminal.answer(difference)
    if found.differences:
        raise VerifyError("not as it was made", file=args.path)
    terminal.answer(f"{args.path}: nothing was altered, and its figures agree with its findings and its text.")
    return 0


def _folder(path: Path, terminal: Terminal) -> int:
    found = folder.differences(path)
    for difference in found:
        terminal.answer(difference)
    if found:
        raise VerifyError(f"{len(found)} of its files are not as they were delivered", file=path)
    terminal.answer(f"{path}: every file is as it was delivered.")
    return 0


def _fingerprint(authority: str) -> str:
    """The fingerprint that was given, or that of the last certificate of the file that was named."""
    plain = re.sub(r"[\s:]", "", authority).lower()
    if re.fullmatch(r"[0-9a-f]{64}", plain):
        return plain
    if not Path(authority).is_file():
        raise UsageError("no authority", column="--authority", expected="a certificate's file or SHA-256 fingerprint")
    return fingerprint(load_chain(Path(authority))[-1])
