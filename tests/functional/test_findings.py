"""What a finding says: when it happened, when it was due, by how much it is over and in which unit."""

from __future__ import annotations

import json
from pathlib import Path

from audit.run import open_workbench
from tests.functional.houses import loaded

INCIDENTS = (
    "incident_id,role,personal_data_breach,risk,detected_at\n"
    "DAY,controller,true,risk,2026-07-01\n"
    "HOUR,controller,true,risk,2026-07-01T09:00:00.25+02:00\n"
    "NIGHT,controller,true,risk,2026-07-01T00:00:00+02:00\n"
)


def test_a_limit_in_days_ends_with_a_day_and_one_in_hours_at_an_instant(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"incidents.csv": INCIDENTS})
    with open_workbench(db, "2026Q3", as_of="2026-07-10") as wb:
        found = wb.check_all(["breach_notification_authority"])
        wb.write_findings(found, tmp_path / "findings.jsonl")
        findings = [json.loads(line) for line in (tmp_path / "findings.jsonl").read_text("utf-8").splitlines()]
        steps = wb.explain_item("breach_notification_authority", "DAY")
    said = {f["item_key"]: (f["occurred_at"], f["due_at"], f["amount"], f["unit"]) for f in findings}
    assert said == {
        "DAY": ("2026-07-01T00:00:00+02:00", "2026-07-04", 5.0, "days"),
        "HOUR": ("2026-07-01T09:00:00.250000+02:00", "2026-07-04T09:00:00.250000+02:00", 134.99993055555556, "hours"),
        "NIGHT": ("2026-07-01T00:00:00+02:00", "2026-07-04T00:00:00+02:00", 144.0, "hours"),
    }
    assert "due_at: 2026-07-04" in steps
