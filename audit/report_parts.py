"""What a report that is about less than the whole period carries: its own results, findings and files."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from audit.display_record import CHECKS as RECORD_CHECKS
from audit.display_record import write_files
from audit.dossier import CHECKS, Dossier, open_dossier
from audit.editions import DOSSIER, RECORD
from audit.record_files import NAME, OBSERVED
from audit.results import CheckResult, Count, Results
from audit.run import Workbench

_TABLES = ("incidents", "incident_events")


def checks_of(report: str) -> list[str] | None:
    """The checks that bear on a report; None for all."""
    return {DOSSIER: list(CHECKS), RECORD: list(RECORD_CHECKS)}.get(report)


def about(results: Results, workbench: Workbench, incident: str | None) -> Results:
    """The same results, or of them what is about one incident: a dossier goes to whoever it concerns, with no other's.

    Raises:
        UsageError: no such incident.
    """
    if incident is None:
        return results
    dossier = open_dossier(workbench.con, workbench.asked, incident)
    return replace(
        results,
        checks={name: _narrowed(c, dossier) for name, c in results.checks.items()},
        coverage=(),
        files=tuple(f for f in results.files if f.table in _TABLES),
        rejected_rows={t: n for t, n in results.rejected_rows.items() if t in _TABLES},
        waivers=tuple(w for w in results.waivers if w.scope.get("item_key") == incident),
    )


def _narrowed(result: CheckResult, dossier: Dossier) -> CheckResult:
    """A check's result for one incident: its finding, else what the dossier says of it."""
    incident, stands = dossier.incident, dossier.outcome(result.check)
    found = [f for f in result.findings() if f.item_key == incident["incident_id"]]
    about = (incident["role"], incident["client_id"], None, None, incident["severity"], None, 1)
    counts = [Count(f.outcome, f.reason, *about) for f in found]
    if not found and stands in ("compliant", "pending"):
        counts = [Count(stands, None, *about)]
    return replace(result, counts=tuple(counts), extras={}, _read=lambda **_: found)


def write_own_files(
    workbench: Workbench, folder: Path, report: str, incident: str | None, *, language: str, edition: str
) -> list[str]:
    """Write what a report has beside its results; gives the names of those that the PDF carries."""
    if report == RECORD:
        write_files(workbench, folder, language=language, edition=edition)
        return [f"{NAME}.csv", f"{OBSERVED}.csv"]
    if report == DOSSIER and incident is not None:
        found = asdict(open_dossier(workbench.con, workbench.asked, incident))
        if edition != "internal":
            found["trail"] = [{k: v for k, v in e.items() if k != "actor_id"} for e in found["trail"]]
            found["incident"].pop("subjects_affected")
        path = folder / "incident.json"
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return [path.name]
    return []
