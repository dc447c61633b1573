"""Every report of a small organisation, made in one process: what a notebook shows is told by its cells, run in turn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from audit import notebooks, shell
from audit.making import Order, folder_name, make_report, notebook_parameters
from audit.run import open_workbench
from tests.functional.houses import loaded

CLIENT, OTHER, BREACH = "KND-0001", "KND-0002", "INC-0007"
ORDERS = [
    (Order("quarterly-report", "sv", "external"), None),
    (Order("client-report", "en", "internal"), CLIENT),
    (Order("client-report", "sv", "external"), CLIENT),
    (Order("requests-report", "en", "external"), None),
    (Order("requests-report", "sv", "internal"), None),
    (Order("processing-record", "en", "external"), None),
    (Order("processing-record", "sv", "internal"), None),
    (Order("incident-dossier", "en", "external", incident=BREACH), None),
    (Order("incident-dossier", "sv", "internal", incident=BREACH), None),
]
"""Each report in each language and each edition; the English quarterly report is made by another test."""


def requests() -> str:
    """Requests of two quarters: of each client and of the organisation's own, some late."""
    rows = ["request_id,role,client_id,kind,received_at,answered_at,outcome,subject_id"]
    for n in range(60):
        month, role = 4 + n % 6, ("processor", "processor", "controller")[n % 3]
        client = (CLIENT, OTHER, "")[n % 3]
        answered = f"2026-{month + 2 + (n % 5 == 0):02}-03" if n % 7 else ""
        kind, subject = ("access", "erasure")[n % 2], f"SUB-{n:05}"
        rows.append(f"REQ-{n:05},{role},{client},{kind},2026-{month:02}-{3 + n % 20:02},{answered},fulfilled,{subject}")
    return "\n".join(rows) + "\n"


FILES = {
    "contracts.csv": "contract_id,client_id,client_name,contract_start,breach_notice,modules\n"
    f"CON-1,{CLIENT},Example Readers,2024-01-01,PT48H,contacts\nCON-2,{OTHER},Other Writers,2024-01-01,PT48H,contacts\n",
    "requests.csv": requests(),
    "processing_activities.csv": "activity_id,role,client_id,name,person_category,purpose,legal_basis,data_categories,"
    "security_measures,systems,retention_rule_id\n"
    "ACT-1,controller,,Newsletter,client,newsletter,consent,basic_details,locks,crm,\n"
    f"ACT-2,processor,{CLIENT},Members,member,members,contract,basic_details,locks,crm,\n",
    "systems.csv": "system_id,name\ncrm,The CRM\n",
    "incidents.csv": "incident_id,role,client_id,title,personal_data_breach,breach_types,severity,risk,detected_at,"
    "aware_at,subjects_affected,data_categories,facts,effects,remedial_action\n"
    f"{BREACH},processor,{CLIENT},A list was sent,true,confidentiality,high,high,2026-07-01T09:00:00+02:00,,40,"
    "basic_details,A list went astray,Seen by one,Deleted\n",
    "incident_events.csv": "incident_id,stage,at,actor_id\n"
    f"{BREACH},registered,2026-07-01T10:00:00+02:00,USR-00001\n"
    f"{BREACH},controller_notified,2026-07-03T08:00:00+02:00,USR-00001\n",
}


def make_all(place: Path) -> None:
    """Make every report of ORDERS in ``place/reports``; the quarter before has been reported, and a row came late."""
    db, _ = loaded(place, FILES)
    for client in (None, CLIENT):
        with open_workbench(db, "2026Q2", client=client) as workbench:
            workbench.keep_run(workbench.check_all(), "client-report" if client else "quarterly-report")
    for order, client in ORDERS:
        with open_workbench(db, "2026Q3", client=client) as workbench:
            given = notebook_parameters(workbench.asked, order) | {"db": str(db)}
            target = place / "reports" / folder_name(workbench, order)
            make_report(workbench, target, order, executed=_executed(place, order.name, given))


def _executed(place: Path, report: str, given: dict[str, str]) -> Path:
    """A report's notebook, run here with these parameters."""
    path = place / "executed.ipynb"
    notebook = json.loads(notebooks.find(report).read_text("utf-8"))
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for cell in (c for c in cells if "parameters" in c["metadata"].get("tags", [])):
        cell["source"] = "".join(cell["source"]) + "".join(f"\n{name} = {value!r}" for name, value in given.items())
    for number, ran in enumerate(shell.run(["".join(c["source"]) for c in cells])):
        cells[number].update(ran)
    path.write_text(json.dumps(notebook), "utf-8")
    return path


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
