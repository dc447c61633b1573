"""The command that tells whether a report still is what was delivered."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
    differences = [*found.differences]
    if args.db is not None and not differences:
        differences += _against_database(args, found.manifest, terminal)
    for difference in differences:
        terminal.answer(difference)
    if differences:
        raise VerifyError("not as it was made", file=args.path)
    terminal.answer(f"{args.path}: {found.conclusion}.")
    if args.db is not None:
        terminal.answer("Made again from the database it is the same to the byte.")
    return 0


def _against_database(args: argparse.Namespace, manifest: Mapping[str, Any], terminal: Terminal) -> Iterator[str]:
    """What of a report would be otherwise if it were made now: first what it follows from, then its bytes."""
    from audit.making import LATER, Order, make_report, run_manifest
    from audit.run import open_workbench

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
    if not args.path.read_bytes().startswith(again):
        yield "made again from the database it has other bytes"


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
