"""Whether a report still says what it said when it was made, told from its PDF alone or from its folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit import figures, folder, pdf_text, signature
from audit.errors import AuditError, VerifyError
from audit.figures import File, opened

MANIFEST, RESULTS, SIGNATURE = "manifest.json", "results.json", "signature.json"
EVIDENCE = (RESULTS, "findings.csv", "findings.jsonl")


@dataclass(frozen=True)
class Verified:
    """What could be told of a PDF: ``said`` for the reader, and ``differences``, none where it is whole.

    ``conclusion`` is what holds where there are none. ``report`` is the PDF, and ``manifest`` what it follows
    from; empty where it has none.
    """

    report: Path
    said: list[str]
    differences: list[str]
    conclusion: str
    manifest: Mapping[str, Any]


def verify_folder(place: Path, authority_sha256: str | None = None) -> Verified:
    """Examine a report's folder: its sums, its PDF as ``verify_pdf`` does, and what lies beside it.

    The sums alone are no proof: whoever alters a file can write them anew.

    Args:
        place: the folder.
        authority_sha256: as for ``verify_pdf``.

    Raises:
        AuditError: its PDF cannot be read, or is none.
        VerifyError: it has no readable ``SHA256SUMS``, or its PDF is broken.
    """
    if changed := folder.differences(place):
        return Verified(place, [], changed, "", {})
    reports = sorted(place.glob("*.pdf"))
    if len(reports) != 1:
        return Verified(place, [], [f"{len(reports)} PDF files where one report belongs"], "", {})
    found = verify_pdf(reports[0], authority_sha256)
    differences = dict.fromkeys([*found.differences, *_folder_differences(place, found)])
    conclusion = f"every file is as it was delivered, {found.conclusion}"
    return replace(found, differences=list(differences), conclusion=conclusion)


def verify_pdf(path: Path, authority_sha256: str | None = None) -> Verified:
    """Examine a report: its signature, the hashes of its attachments, and its figures against its findings.

    Args:
        path: the PDF; where it carries no files, those that lie beside it are taken.
        authority_sha256: the fingerprint of the authority that should have signed, where it is known.

    Raises:
        AuditError: it cannot be read, or is no PDF.
        VerifyError: it is a PDF that is broken.
    """
    pdf = _read(path)
    try:
        signed = signature.examine(pdf)
        text = "\n".join(pdf_text.pages(pdf))
        attached = pdf_text.attached(pdf)
    except Exception as error:
        raise VerifyError("broken: it cannot be read to its end", file=path) from error
    files: Mapping[str, File] = attached or _beside(path)
    manifest = _json(files, MANIFEST)
    if apart := _apart(manifest, files):
        files = {**files, **{name: found for name, found in _beside(path).items() if name in apart}}
    said = [*_said_of_signature(signed), *_said_of_files(attached, files, manifest)]
    differences = [
        *_signature_differences(signed, manifest, authority_sha256),
        *_file_differences(files, manifest, text),
        *_figure_differences(files, manifest, text),
    ]
    return Verified(path, said, differences, _conclusion(signed, files), manifest)


def _read(path: Path) -> bytes:
    try:
        pdf = path.read_bytes()
    except OSError as error:
        raise AuditError(f"cannot be read: {error.strerror}", file=path) from None
    if not pdf.startswith(b"%PDF-"):
        raise AuditError("not a PDF", file=path)
    return pdf


def _beside(path: Path) -> dict[str, Path]:
    """The files that were delivered beside a PDF that carries none."""
    found = (path.with_name(name) for name in (MANIFEST, *EVIDENCE))
    return {file.name: file for file in found if file.is_file()}


def _apart(manifest: Mapping[str, Any], files: Mapping[str, File]) -> list[str]:
    """The evidence that the manifest says lies beside the PDF for its size, and that is not there."""
    named = manifest.get("beside")
    return [name for name in EVIDENCE if isinstance(named, list) and name in named and name not in files]


def _part(manifest: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A table of the manifest; empty where it has none, as one that somebody made up."""
    found = manifest.get(key)
    return found if isinstance(found, dict) else {}


def _json(files: Mapping[str, File], name: str) -> dict[str, Any]:
    """What a JSON file holds; nothing where it is not there or cannot be read, which its hash tells."""
    try:
        with opened(files.get(name, b"{}")) as file:
            found = json.load(file)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _sha256(file: File) -> str:
    with opened(file) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _said_of_signature(signed: signature.Signed | None) -> Iterator[str]:
    if signed is None:
        yield "It is not signed: what agrees here shows that it is consistent, not who made it."
        return
    when = "at a time it does not give" if signed.at is None else f"{signed.at:%Y-%m-%d %H:%M %Z} by its own clock"
    if signed.timestamped_by:
        when += f", confirmed by {signed.timestamped_by} (whose certificate is not examined here)"
    yield f"Signed by {signed.signer} under {signed.authority}, {when}."
    yield f"SHA-256 fingerprint of that authority: {signed.authority_sha256}"
    yield (
        "Compare it with the one that the organisation gives by another way (telephone, its website, a letter)."
        " Anyone can make an authority of this name; only the fingerprint tells them apart. Whether the signature is"
        " a qualified one (Regulation (EU) No 910/2014) is not shown here: one under an organisation's own authority"
        " is not."
    )


def _said_of_files(
    attached: Mapping[str, File], files: Mapping[str, File], manifest: Mapping[str, Any]
) -> Iterator[str]:
    if not files:
        yield "It carries no files and none lie beside it: its figures cannot be computed again."
    elif not attached:
        yield "It carries no files; those beside it were taken."
    if apart := _apart(manifest, files):
        yield f"Not here: {', '.join(apart)}, delivered beside it; its figures are not held against them."


def _conclusion(signed: signature.Signed | None, files: Mapping[str, File]) -> str:
    """No more than was examined."""
    origin = "its parts agree with each other" if signed is None else "nothing was altered since it was signed"
    has_findings = RESULTS in files and any(name in files for name in EVIDENCE if name != RESULTS)
    return origin + (", and its figures follow from its findings" if has_findings else "")


def _signature_differences(
    signed: signature.Signed | None, manifest: Mapping[str, Any], expected: str | None
) -> Iterator[str]:
    named = _part(manifest, "report").get("signed_under")
    if signed is None:
        if named or expected:
            yield "the signature is gone"
        return
    yield from signed.flaws
    if manifest and signed.authority_sha256 != named:
        yield "it is signed under another authority than its manifest names"
    if expected and signed.authority_sha256 != expected:
        yield "it is signed under another authority than the expected one"


def _file_differences(files: Mapping[str, File], manifest: Mapping[str, Any], text: str) -> Iterator[str]:
    """Whether the manifest is the one whose hash is printed, and each file the one in the manifest."""
    if not files:
        return
    if MANIFEST not in files:
        yield f"{MANIFEST}: missing"
        return
    if _sha256(files[MANIFEST]) not in re.sub(r"\s+", "", text):
        yield f"{MANIFEST}: not the one whose SHA-256 the report gives"
    sums = _part(manifest, "files")
    for name in sorted({*files, *(n for n in EVIDENCE if n in sums)} - {MANIFEST, *_apart(manifest, files)}):
        if name not in files:
            yield f"{name}: missing"
        elif _sha256(files[name]) != sums.get(name):
            yield f"{name}: not the one of the manifest"


def _figure_differences(files: Mapping[str, File], manifest: Mapping[str, Any], text: str) -> Iterator[str]:
    if RESULTS not in files:
        return
    language = _part(manifest, "report").get("language", "en")
    try:
        yield from figures.differences(_json(files, RESULTS), files, text, language)
    except (LookupError, TypeError, ValueError, OSError, AuditError):
        yield f"{RESULTS}: not of the form that this version of the program reads"


def _folder_differences(place: Path, found: Verified) -> Iterator[str]:
    """What lies beside a report and is not what its manifest, and the account of its signature, say."""
    own = {path.name: path for path in (place / MANIFEST, place / SIGNATURE) if path.is_file()}
    if MANIFEST not in own:
        yield f"{MANIFEST}: missing"
    elif _json(own, MANIFEST) != found.manifest:
        yield f"{MANIFEST}: not the one that the report carries"
    for name, told in _part(found.manifest, "files").items():
        if not (place / name).is_file():
            yield f"{name}: missing"
        elif folder.sha256(place / name) != told:
            yield f"{name}: not the one of the manifest"
    if SIGNATURE in own:
        begins = _part(_json(own, SIGNATURE), "begins_with")
        size = begins.get("bytes")
        signed = found.report.read_bytes()[:size] if isinstance(size, int) else b""
        if hashlib.sha256(signed).hexdigest() != begins.get("sha256"):
            yield f"{SIGNATURE}: not of this report"
