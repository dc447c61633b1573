"""The command that tells whether a report still is what was delivered."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from audit.errors import UsageError, VerifyError
from audit.signing_keys import fingerprint, load_chain
from audit.terminal import Terminal

if TYPE_CHECKING:
    from audit.verify import Verified


def verify(args: argparse.Namespace, terminal: Terminal) -> int:
    """Examine a report's PDF by itself, or its folder: with its sums, and what lies beside the PDF.

    Raises:
        VerifyError: it differs; the differences are on stdout.
    """
    from audit.verify import verify_folder, verify_pdf  # the engines of signatures take a second to load

    expected = None if args.authority is None else _fingerprint(args.authority)
    found = (verify_folder if args.path.is_dir() else verify_pdf)(args.path, expected)
    for sentence in found.said:
        terminal.sentence(sentence)
    differences = [*found.differences]
    if args.db is not None and not differences:
        differences += _against_database(args, found, terminal)
    for difference in differences:
        terminal.answer(difference)
    if differences:
        raise VerifyError("not as it was made", file=args.path)
    terminal.answer(f"{args.path}: {found.conclusion}.")
    if args.db is not None:
        terminal.answer("Made again from the database it is the same to the byte.")
    return 0


def _against_database(args: argparse.Namespace, found: Verified, terminal: Terminal) -> Iterator[str]:
    """What of a report would be otherwise if it were made now: first what it follows from, then its bytes."""
    from audit.making import LATER, Order, make_report, run_manifest
    from audit.run import open_workbench

    manifest = found.manifest
    try:
        order, question = Order(**manifest["report"]), manifest["question"]
        asked = {name: question[name] for name in ("period", "as_of", "role")}
    except (KeyError, TypeError):
        yield "it has no manifest that says how to make it again"
        return
    with (
        open_workbench(args.db, **asked, client=question["client_id"], policy=args.policy) as workbench,
        TemporaryDirectory(prefix="audit") as place,
    ):
        now = run_manifest(workbench, order)
        others = sorted(k for k in {*now, *manifest} - LATER if now.get(k) != manifest.get(k))
        if others:
            yield f"made now it would follow from something else: {', '.join(others)}"
            return
        with terminal.progress() as bar:
            make_report(workbench, Path(place) / "report", order, progress=bar)
        again = (Path(place) / "report" / f"{order.name}.pdf").read_bytes()
    if not found.report.read_bytes().startswith(again):
        yield "made again from the database it has other bytes"


def _fingerprint(authority: str) -> str:
    """The fingerprint that was given, or that of the last certificate of the file that was named."""
    plain = re.sub(r"[\s:]", "", authority).lower()
    if re.fullmatch(r"[0-9a-f]{64}", plain):
        return plain
    if not Path(authority).is_file():
        raise UsageError("no authority", column="--authority", expected="a certificate's file or SHA-256 fingerprint")
    return fingerprint(load_chain(Path(authority))[-1])
