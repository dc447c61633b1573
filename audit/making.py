"""Makes a report's folder: what was asked, the executed notebooks, the figures as files, and the PDF with all of them.

A folder is written whole or not at all, and is left alone where it holds already what would be made.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import folder, leaks, notebooks, pdf
from audit import report as reports
from audit.asked import Asked
from audit.compared import comparison_for, comparison_json
from audit.comparison import Comparison
from audit.disclosure import for_edition, manifest_for
from audit.editions import CLIENT, DOSSIER, QUARTERLY, USUAL_EDITION
from audit.errors import AuditError
from audit.executing import Job, run_all
from audit.outputs import results_json
from audit.places import shipped
from audit.register import last_reported
from audit.report_parts import about, checks_of, write_own_files
from audit.results import Results
from audit.run import Workbench

if TYPE_CHECKING:
    from audit.signature import Signer

Progress = Callable[[str, int, int], None]

_LONGEST_NAME = 120  # a file system takes 255 bytes
_LEFT = {"__pycache__", ".ipynb_checkpoints"}
_PACKAGE = Path(__file__).resolve().parent
# What has a say in a report's figures or looks, besides the data and the package itself.
_MADE_WITH = ("duckdb", "altair", "vl-convert-python", "typst", "papermill", "babel", "holidays", "tzdata")
# What the PDF carries: the figures, what they were counted from, and what they follow from.
_FINDINGS = ("findings.csv", "findings.jsonl")
_ATTACHED = ("results.json", *_FINDINGS, "manifest.json")
MOST_ATTACHED = 100_000
"""Findings that a PDF carries, some ten megabytes; where there are more they lie beside it alone."""
LATER = frozenset({"files", "beside"})
"""The keys of a manifest that tell of what was made, and not of what it follows from."""


@dataclass(frozen=True)
class Order:
    """Which report is wanted, and in what form. It stands in the manifest, so that the report can be made again.

    ``name`` is one of audit.editions.REPORTS, ``edition`` the report's usual one where not given. ``profile`` a-3a
    carries the evidence in the PDF; a-2a, for receivers that take no attachments, has it beside. ``signed_under`` is
    the fingerprint of the authority that it is to be signed under.
    """

    name: str = QUARTERLY
    language: str = "en"
    edition: str = ""
    profile: str = "a-3a"
    incident: str | None = None
    signed_under: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "edition", self.edition or USUAL_EDITION[self.name])


def make_report(
    workbench: Workbench,
    target: Path,
    order: Order,
    signer: Signer | None = None,
    progress: Progress = lambda *_: None,
    *,
    executed: Path | None = None,
    comparison: Comparison | None = None,
    gate: leaks.Gate | None = None,
) -> None:
    """Run the checks and the notebooks, typeset the report, and write its folder, whole or not at all.

    Args:
        workbench: open for the period and scope of the report.
        target: the folder; an older one there is replaced only when the new one is complete.
        order: which report, and its form.
        signer: signs the PDF; whoever has none makes the bytes that were signed.
        progress: called with what is being done, how many parts are finished and how many there are.
        executed: the report's own notebook, where it ran already; its charts may be undrawn.
        comparison: with the period before, where it was made already.
        gate: searches for leaks, where one is kept for many reports.

    Raises:
        AuditError: a check or a notebook failed, or the place can't be written to or holds other files. The notebooks
            that ran, the failing one with its error, are then kept beside the target, in a folder that ends in
            ``-failed``.
        LeakError: what was made would give somebody away. Nothing of it is kept.
    """
    folder.refuse_others(target)
    failed = target.with_name(f"{target.name}-failed")
    with folder.written_whole(target) as draft:
        results = about(workbench.check_all(checks_of(order.name), progress), workbench, order.incident)
        results = for_edition(results, order.edition, workbench.policy.suppress_below)
        told = {"compared": _compared(workbench, order, results, comparison)}
        _write_json(draft / "results.json", results_json(results) | told)
        counts = [workbench.write_findings(results, draft / name, item_key=order.incident) for name in _FINDINGS]
        beside = list(_FINDINGS) if max(counts) > MOST_ATTACHED else []
        own = write_own_files(
            workbench, draft, order.name, order.incident, language=order.language, edition=order.edition
        )
        ran = draft / "notebooks"
        ran.mkdir()
        try:
            if executed is None:
                _run_notebooks(workbench, order, ran, progress)
            else:
                notebooks.draw(executed, ran / notebooks.find(order.name).name)
            document = reports.read(ran / f"{order.name.replace('-', '_')}.ipynb")
        except AuditError as error:
            if _keep(ran, failed):
                error.fix = ". ".join(filter(None, (error.fix, f"What ran is kept in {failed}")))
            raise
        made = {"files": _sums(draft), "beside": beside}
        _write_json(draft / "manifest.json", run_manifest(workbench, order) | made)
        progress("typesetting", 0, 0)
        _write_pdf(document, draft, [name for name in (*_ATTACHED, *own) if name not in beside], order, signer)
        (gate or leaks.Gate(order.edition)).refuse(draft, workbench)
        folder.seal(draft)
    shutil.rmtree(failed, ignore_errors=True)


def _compared(
    workbench: Workbench, order: Order, results: Results, comparison: Comparison | None
) -> dict[str, Any] | None:
    """The period beside the one before it, as the edition shows it; None of one incident, which has no period."""
    if order.name == DOSSIER:
        return None
    found = comparison or workbench.compare(only=list(results.checks))
    return comparison_json(comparison_for(found, results, order.edition, workbench.policy.suppress_below))


def _write_pdf(document: pdf.Document, draft: Path, attached: list[str], order: Order, signer: Signer | None) -> None:
    """Typeset a report into its folder, and sign it; beside a signed one stands the hash of what was signed."""
    carried = {name: (draft / name).read_text("utf-8") for name in attached} if order.profile == "a-3a" else None
    made = pdf.typeset(document, manifest_sha256=folder.sha256(draft / "manifest.json"), attachments=carried)
    path = draft / f"{order.name}.pdf"
    path.write_bytes(made if signer is None else signer.sign(made))
    if signer is not None:
        about = {"bytes": len(made), "sha256": hashlib.sha256(made).hexdigest()}
        signed = {"file": path.name, "begins_with": about, "signed_under": signer.authority_sha256}
        _write_json(draft / "signature.json", signed)


def is_current(workbench: Workbench, target: Path, order: Order) -> bool:
    """Whether the folder holds, unchanged, what would be made now: same data, question, rules and programs."""
    if not folder.is_whole(target):
        return False
    made: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return {k: v for k, v in made.items() if k not in LATER} == run_manifest(workbench, order)


def run_manifest(workbench: Workbench, order: Order) -> dict[str, Any]:
    """What a report follows from: the workbench's manifest, the order, and the programs that made it."""
    packages = {package: version(package) for package in _MADE_WITH} | {"python": platform.python_version()}
    manifest = manifest_for(workbench.manifest, order.edition, workbench.policy.suppress_below) | {
        "report": asdict(order),
        "restates": _restated(workbench, order),
        "made_with": packages,
        "program_sha256": _program(_state(_PACKAGE), _state(shipped("notebooks"))),
    }
    read_back: dict[str, Any] = json.loads(json.dumps(manifest))  # as it compares with what a file holds
    return read_back


def _restated(workbench: Workbench, order: Order) -> str | None:
    """The earlier report that this one holds against today: which it is changes with what was reported meanwhile."""
    asked = workbench.asked
    run = last_reported(workbench.snapshot.folder, asked.period.previous(), client=asked.client_id, role=asked.role)
    return run.id if run and order.name != DOSSIER else None


def _run_notebooks(workbench: Workbench, order: Order, out: Path, progress: Progress) -> None:
    """Run a report's notebooks into a folder, several side by side."""
    given = notebook_parameters(workbench.asked, order)
    jobs = [Job(notebook, out / notebook.name, given) for notebook in _notebooks_of(order.name)]
    db, state, policy = workbench.snapshot.folder, workbench.snapshot.number, workbench.policy.path
    if len(jobs) > 1:
        run_all(jobs, db=db, snapshot=state, policy=policy, progress=progress)
    else:
        own = jobs[0]
        notebooks.run(own.notebook, own.out, given, db=db, snapshot=state, policy=policy, progress=progress)


def notebook_parameters(asked: Asked, order: Order) -> dict[str, str]:
    """What a report's notebook is given: the period and scope, and the form that was ordered."""
    given = {
        "period": asked.period.label,
        "as_of": None if asked.as_of == asked.period.end else asked.as_of.isoformat(),
        "client": asked.client_id,
        "role": asked.role,
        "language": order.language,
        "edition": order.edition,
        "incident": order.incident,
    }
    return {name: value for name, value in given.items() if value is not None}


def _notebooks_of(name: str) -> list[Path]:
    """A report's own notebook; before the quarterly report's, those by subject, whose names begin with a number."""
    subjects = sorted(shipped("notebooks").glob("[0-9]*.ipynb")) if name == QUARTERLY else []
    return [*subjects, shipped("notebooks") / f"{name.replace('-', '_')}.ipynb"]


def _keep(ran: Path, failed: Path) -> bool:
    """Copy the notebooks that ran to a folder of their own; whether there is one of them."""
    shutil.rmtree(failed, ignore_errors=True)
    if not any(ran.iterdir()):
        return False
    shutil.copytree(ran, failed)
    return True


def folder_name(workbench: Workbench, order: Order, snapshot: int | None = None) -> str:
    """The period, the report and what narrows it: ``2026Q3``, ``2026Q3-client-report-C07``, ``2026Q3-processor-sv``."""
    asked, report = workbench.asked, order.name
    as_of = None if asked.as_of == asked.period.end else f"as-of-{asked.as_of:%Y-%m-%dT%H%M}"
    own = None if report == QUARTERLY else report
    client = asked.client_id if report == CLIENT or asked.client_id is None else f"client-{asked.client_id}"
    state = None if snapshot is None else f"snapshot-{snapshot}"
    usual = Order(report)
    form = [f for f in ("incident", "language", "edition", "profile") if getattr(order, f) != getattr(usual, f)]
    parts = (asked.period.slug, own, client, asked.role, *(getattr(order, f) for f in form), as_of, state)
    name = "-".join(part for part in parts if part)
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
    # An id that is no file name keeps its own folder by its hash.
    is_name = plain == name and len(name) <= _LONGEST_NAME
    return name if is_name else f"{plain[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _sums(where: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, but for what Python and Jupyter leave there."""
    return {path.relative_to(where).as_posix(): folder.sha256(path) for path in _files(where)}


def _files(where: Path) -> list[Path]:
    return [path for path in sorted(where.rglob("*")) if path.is_file() and not _LEFT & set(path.parts)]


def _state(where: Path) -> tuple[Path, tuple[tuple[str, int, int], ...]]:
    """A folder, and of each of its files what changes with it: as long as that is the same, so are the files."""
    states = ((str(path), path.stat()) for path in _files(where))
    return where, tuple((path, state.st_mtime_ns, state.st_size) for path, state in states)


@lru_cache(maxsize=1)
def _program(*folders: tuple[Path, tuple[tuple[str, int, int], ...]]) -> str:
    """The hash of what makes the reports; read again only when one of its files changed."""
    return hashlib.sha256(json.dumps([_sums(where) for where, _ in folders]).encode()).hexdigest()


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
