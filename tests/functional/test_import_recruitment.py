"""Teamtailor's own fixtures are imported: every resource is accounted for, and what is known of them comes out."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit.pseudonyms import Pseudonyms
from audit.sources.load import load
from audit.sources.systems.export import Aside, Context, Export, Row
from audit.sources.systems.recruitment import SYSTEM
from audit.sources.systems.recruitment_rows import Options
from tests.functional.houses import policy

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "teamtailor"
CONTEXT = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "teamtailor")

pytestmark = pytest.mark.skipif(
    not (SHARED / "candidates.json").is_file(), reason="the folder of Teamtailor's fixtures is not beside this checkout"
)


def imported(*names):
    exports = [Export(SHARED / name, name) for name in names]
    return list(SYSTEM.rows(exports, CONTEXT, Options(activity="APPLY", sourced_activity="SOURCE")))


def rows(items, table):
    return [i.values for i in items if isinstance(i, Row) and i.table == table]


def test_every_resource_of_every_file_is_accounted_for():
    paths = sorted(SHARED.glob("*.json"))
    assert len(paths) == 22
    types = Counter()
    for path in paths:
        document = json.loads(path.read_text("utf-8"))
        data = document["data"] if isinstance(document["data"], list) else [document["data"]]
        types.update(resource["type"] for resource in data + document.get("included", []))
    items = imported(*(p.name for p in paths))
    assert types.pop("candidates") == len(rows(items, "identities")) == 3
    assert types.pop("job-applications") == len(rows(items, "data_records")) - 3 == 3
    assert Counter(i.kind for i in items if isinstance(i, Aside)) == types
    assert {i.table for i in items if isinstance(i, Row)} == {
        "subjects", "identities", "data_records", "processing_events"}  # fmt: skip


def test_one_candidate_although_a_link_tells_of_41_pages():
    items = imported("candidates.json")
    (record,) = rows(items, "data_records")
    assert record["collected_at"] == "2020-03-18T11:39:32.440000+01:00"
    assert record["data_category"] == Options.data_category
    assert rows(items, "communication_preferences") == []
    assert rows(items, "consents") == []


def test_both_applications_are_sourced_and_not_rejected():
    items = imported("job_applications.json")
    records = rows(items, "data_records")
    assert [r["data_category"] for r in records] == [Options.sourced_data_category] * 2
    assert {e["activity_id"] for e in rows(items, "processing_events")} == {"SOURCE"}
    # The change of stage was 14 milliseconds before the application was stored: the latter is the latest.
    assert [r["last_activity_at"] for r in records] == [r["collected_at"] for r in records]


def test_the_included_candidate_is_the_person_of_the_application():
    items = imported("job_application_included_candidate_job.json")
    person = CONTEXT.pseudonyms.email("jowen@teamtailor.localhost")
    assert {r["subject_id"] for r in rows(items, "data_records")} == {person}
    # The list has no candidate; the document that has it tells whose application 634 is.
    items = imported("job_applications.json", "job_application_included_candidate_job.json")
    assert [r.get("subject_id") for r in rows(items, "data_records")] == [person, None, person, person]


def test_nothing_of_the_fixtures_persons_gets_into_a_row():
    items = imported(*(p.name for p in sorted(SHARED.glob("*.json"))))
    text = json.dumps([dict(i.values) for i in items if isinstance(i, Row)]).lower()
    for secret in ("gregoria", "deckow", "jonas", "wennergren", "example.com", "localhost"):
        assert secret not in text


def test_the_fixtures_load_and_keep_their_contracts(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(SHARED, source / "teamtailor")
    (source / "sources.toml").write_text('[[source]]\nsystem = "recruitment"\nfiles = ["teamtailor/*.json"]\n')
    report = load(tmp_path / "db", [source], policy(), pseudonyms=CONTEXT.pseudonyms)
    # Candidate 1 and application 634 stand in two files each.
    assert {t["table"]: (t["read"], t["accepted"], t["duplicate"], t["rejected"]) for t in report.tables} == {
        "subjects": (3, 2, 1, 0), "identities": (3, 2, 1, 0), "data_records": (6, 4, 2, 0),
        "processing_events": (6, 4, 2, 0),
    }  # fmt: skip
