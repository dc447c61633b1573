"""What the data shows that the policy's text leaves out, in a small world where each thing is planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit import remarks
from audit.display import Page
from audit.policy import load_policy
from audit.results import Results
from audit.run import open_workbench
from audit.sentences import plain
from audit.sources.load import load
from audit.statutes import load_law
from tests.functional.houses import POLICY, write

FILES = {
    "processing_activities.csv": (
        "activity_id,role,client_id,name,purpose,legal_basis,retention_rule_id,valid_to\n"
        "A1,controller,,News,newsletter,consent,RR,\n"
        "A2,controller,,Support,support,contract,,\n"  # a basis that the text does not give; no rule
        "A3,controller,,Old,newsletter,consent,,2026-07-01\n"  # ended before the period
        "A4,processor,C1,Theirs,newsletter,consent,,\n"
    ),
    "recipients.csv": (
        "recipient_id,name,country,kind\n"
        "R1,Named,SE,processor\nR2,Unnamed,US,processor\nR3,Pixel,US,processor\nR4,Swiss,CH,controller\n"
    ),
    "systems.csv": "system_id,name\ncrm,The CRM\nfax,The fax\n",
    "retention_rules.csv": "rule_id,anchor,period\nRR,collected,P1Y\n",
    "policy_versions.csv": "document,version,effective_on\nprivacy_policy,1,2025-01-01\nother,1,2010-01-01\n",
    "processing_events.csv": (
        "event_id,occurred_at,system_id,activity_id,client_id,operation,recipient_id\n"
        "E1,2026-07-01T00:00:00+02:00,crm,A1,,disclose,R1\n"  # the first instant
        "E2,2026-08-01T10:00:00+02:00,fax,A2,,disclose,R2\n"
        "E3,2026-09-30T23:59:59+02:00,crm,A2,,disclose,R9\n"  # nobody the register knows
        "E4,2026-10-01T00:00:00+02:00,fax,A2,,disclose,R4\n"  # after the period
        "E5,2026-08-01T10:00:00+02:00,fax,A4,C1,disclose,R4\n"  # for a client
    ),
    "cookie_events.csv": (
        "event_id,visitor_id,occurred_at,cookie,provider,purpose,action\n"
        "K1,V1,2026-08-02T10:00:00+02:00,c,R3,statistics,sent\n"
        "K2,V1,2026-08-02T10:00:00+02:00,c,R4,statistics,read\n"
    ),
}
TEXT = """
[named]
recipients = ["R1"]
systems = ["crm"]
countries = ["CH"]
[grounds]
marketing = ["consent"]
[[statement]]
id = "T01"
article = "13(2)(d)"
section = "Rights"
statement = "No authority is named."
basis = "The section."
"""


def world(tmp_path: Path, text: str | None = TEXT, **scope: Any) -> Results:
    """The results of the third quarter under a policy whose text is so known."""
    policy = tmp_path / "policy.toml"
    policy.write_bytes(POLICY.read_bytes())
    if text:
        policy.with_name("transparency.toml").write_text(text, "utf-8")
    load(tmp_path / "db", [write(tmp_path / "source", FILES)], load_policy(policy, load_law()))
    with open_workbench(tmp_path / "db", "2026Q3", **scope) as wb:
        return wb.check_all()


def test_each_thing_that_was_planted_is_seen_and_nothing_else(tmp_path: Path) -> None:
    results = world(tmp_path)
    assert results.transparency
    assert [s.id for s in results.transparency.statements] == ["T01"]
    found = {o.name: (o.seen, o.rows) for o in results.transparency.observations}
    seen, rows = found["recipients"]
    assert (seen, [(r["recipient_id"], r["items"]) for r in rows]) == (4, [("R2", 1), ("R3", 1), ("R9", 1)])
    assert found["countries"] == (1, ({"country": "US", "recipients": 2, "items": 2},))
    assert found["systems"] == (2, ({"system_id": "fax", "name": "The fax", "items": 1},))
    assert found["grounds"] == (
        2,
        ({"use": "support", "legal_basis": "contract", "activities": 1, "items": 2},),
    )
    assert found["retention"] == (2, ({"activity_id": "A2", "name": "Support", "purpose": "support"},))
    assert found["review"] == (1, ({"version": "1", "reviewed_on": "2025-01-01", "days": 637},))


def test_facts_after_the_as_of_instant_have_not_happened(tmp_path: Path) -> None:
    results = world(tmp_path, as_of="2026-08-01T00:00:00+02:00")
    assert results.transparency
    found = {o.name: o for o in results.transparency.observations}
    assert [r["recipient_id"] for r in found["recipients"].rows] == []
    assert found["review"].rows[0]["days"] == 576


@pytest.mark.parametrize("scope", [{"client": "C1"}, {"role": "processor"}])
def test_of_processing_for_a_client_the_client_informs(tmp_path: Path, scope: dict[str, str]) -> None:
    results = world(tmp_path, **scope)
    assert results.transparency is None
    assert "who inform the persons themselves" in plain(remarks.unsaid(Page(results).words, results))


def test_without_the_file_nothing_is_said_of_the_text(tmp_path: Path) -> None:
    assert world(tmp_path, text=None).transparency is None


def test_the_report_tells_both_kinds_apart(tmp_path: Path) -> None:
    page = Page(world(tmp_path))
    assert plain(page.unsaid().block["text"]) == (
        "By its own sections the text falls short in 1 point. "
        "Held against the data of the period, it leaves something out in 6 of 6 questions."
    )
    assert [row[1] for row in page.unsaid_by_text().block["rows"]] == ["No authority is named."]
    first, *tables = (shown.block for shown in page.unsaid_by_data())
    assert [row[0] for row in first["rows"]] == [
        "3 of 4 recipients that were sent data in the period are not named; data went to them 3 times.",
        "Data went outside the EEA 2 times, to United States, a country that the text does not name.",
        "Data was processed 1 time in systems that the text does not name: The fax.",
        "2 events rested on a legal basis that the text does not give for that use (1 of 2 pairs of use and basis).",
        "For 1 of the record's 2 activities as controller no rule says how long data is kept, so no text could tell.",
        "Version 1 was last looked at on 1 January 2025, 637 days before 30 September 2026: longer ago than the interval allows.",
    ]
    assert [len(t["rows"]) for t in tables] == [3, 1, 1, 1, 1]
