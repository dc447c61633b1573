"""A small report whose figures agree with its findings, signed or not."""

from __future__ import annotations

import hashlib
import json

from audit.pdf import Document, typeset
from audit.report import read
from audit.signature import Signer
from audit.signing_keys import make_authority, read_settings
from tests.functional import made_report

REASONS = {"violation": "expired", "undetermined": "no_subject", "waived": "expired"}
FINDING = ("check", "outcome", "reason", "finding_id", "role", "client_id", "detail")


def signer(folder, organisation="Example AB") -> Signer:
    """A signer with an authority of its own, whose files are in ``folder/signing``."""
    make_authority(folder / "signing", organisation)
    return Signer(read_settings(folder / "signing" / "signing.toml"))


def results() -> dict:
    counts = [
        {"outcome": outcome, "reason": REASONS.get(outcome), "role": "controller", "client_id": None, "n": n}
        for outcome, n in made_report.COUNTS.items()
        if n
    ]
    check = {"check": "consent_coverage", "evaluated": True, "population": 6554, "rate": 6412 / 6531, "counts": counts}
    reasons = {c["outcome"]: {c["reason"]: c["n"]} for c in counts if c["reason"]}
    return {"period": "2026Q3", "checks": [check | made_report.COUNTS | {"reasons": reasons}]}


def findings() -> list[dict]:
    listed = [(outcome, reason) for outcome, reason in REASONS.items() for _ in range(made_report.COUNTS[outcome])]
    return [
        dict(zip(FINDING, ("consent_coverage", outcome, reason, f"F-{n:04}", "controller", None, None), strict=True))
        for n, (outcome, reason) in enumerate(listed)
    ]


def files(results: dict, findings: list[dict]) -> dict[str, str]:
    """The evidence as files."""
    lines = [",".join(FINDING), *(",".join(row[c] or "" for c in FINDING) for row in findings)]
    return {
        "results.json": json.dumps(results, indent=1) + "\n",
        "findings.csv": "\n".join(lines) + "\n",
        "findings.jsonl": "".join(json.dumps(row) + "\n" for row in findings),
    }


def manifest(evidence: dict[str, str], authority: str | None) -> str:
    """The manifest of the evidence."""
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in evidence.items()}
    return json.dumps({"report": {"language": "en", "signed_under": authority}, "files": sums}) + "\n"


def document(folder) -> Document:
    """A report of a cover, a check's figures and the last page."""
    cells = [
        made_report.COVER,
        made_report.markdown("## Consent"),
        made_report.COUNTED,
        made_report.shows("closing", not_claimed=["That nothing else happened."]),
    ]
    return read(made_report.write(folder / "report.ipynb", cells))


def unsigned(folder, evidence: dict[str, str], authority: str | None = None, carried: bool = True) -> bytes:
    """The report's PDF with its evidence and manifest inside, or with neither."""
    said = manifest(evidence, authority)
    sha256 = hashlib.sha256(said.encode()).hexdigest()
    inside = evidence | {"manifest.json": said} if carried else None
    return typeset(document(folder), manifest_sha256=sha256, attachments=inside)
