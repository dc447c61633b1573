"""The record of processing: complete, in words, held against the logs, and as files that programs read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from audit import pdf
from audit.blocks import finish
from audit.display_record import begin_record, write_files
from audit.errors import AuditError
from audit.pdf import Document
from audit.places import shipped
from audit.record import Record, missing, missing_promised, open_record
from audit.run import open_workbench
from audit.sources.load import load
from audit.vocabulary import load_vocabulary
from tests.functional.houses import policy, write
from tests.functional.sample_db import load_sample

TERMS = Path(__file__).parents[2].parent / "shared" / "vectors" / "dpv_terms.csv"
HOSTILE = "#panic('x') $x^2$ <label> *a*"
ACTIVITIES = f"""\
activity_id,role,client_id,name,person_category,purpose,legal_basis,data_categories,recipients,third_countries,safeguards,\
retention_rule_id,security_measures,systems,valid_from,valid_to
A1,controller,,Newsletter,client,newsletter,consent,basic_details,R1;R2;R9,US;CN,clauses,RR,locks,crm,2020-01-01,
A2,controller,,=1+1,,,,,,US,,R0,,,,
A3,processor,C1,Members,member,members,contract,basic_details,,,,,locks,crm,2020-01-01,2027-01-01
A4,controller,,Ended,client,newsletter,consent,basic_details,R1,,,RR,locks,crm,2020-01-01,2026-09-01
A5,controller,,To come,client,newsletter,consent,basic_details,R1,,,RR,locks,crm,2026-10-01,
A6,controller,,"{HOSTILE}",client,newsletter,consent,basic_details,R3,,,RR,"{"A long measure. " * 400}",crm,,
"""
EVENTS = """\
event_id,occurred_at,system_id,activity_id,client_id,operation,recipient_id,data_category
E1,2026-08-01T10:00:00+02:00,crm,A1,,use,,basic_details
E2,2026-08-01T10:00:00+02:00,fax,A1,,disclose,R3,health
E3,2026-08-02T10:00:00+02:00,fax,A1,,use,,
E4,2026-08-02T10:00:00+02:00,crm,A9,,use,,
E5,2026-08-02T10:00:00+02:00,crm,,,use,,
E6,2026-10-02T10:00:00+02:00,mail,A1,,use,,
E7,2026-08-02T10:00:00+02:00,crm,A3,C1,use,,
"""
FILES = {
    "processing_activities.csv": ACTIVITIES,
    "processing_events.csv": EVENTS,
    "recipients.csv": (
        "recipient_id,name,country,kind,agreement,safeguard,safeguard_to\n"
        "R1,Mailer,SE,processor,dpa,none,\nR2,Cloud,US,processor,dpa,scc,2026-09-30\nR3,Abroad,CN,controller,,,\n"
    ),
    "retention_rules.csv": "rule_id,anchor,period,action,legal_reference\nRR,last_activity,P24M,erase,The policy\n",
    "systems.csv": "system_id,name\ncrm,The CRM\nfax,The fax\n",
    "contracts.csv": "contract_id,client_id,client_name,contract_start\nK1,C1,The Museum,2020-01-01\n"
    "K2,C1,The Museum of Later,2026-12-01\n",
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("record")
    load(place / "db", [write(place / "source", FILES)], policy())
    return place / "db"


@pytest.fixture(scope="module")
def page(db: Path) -> Any:
    shown = begin_record(str(db), "2026Q3")
    yield shown
    assert shown.page.workbench
    shown.page.workbench.close()


@pytest.fixture(scope="module")
def record(page: Any) -> Record:
    found: Record = page.record
    return found


def activity(record: Record, activity_id: str) -> dict[str, Any]:
    return next(a for a in record.activities if a["activity_id"] == activity_id)


def card(page: Any, activity_id: str) -> dict[str, Any]:
    """An activity's card as field -> value, a status as its text."""
    rows = page.tables.card(activity(page.record, activity_id))["rows"]
    return {row[0]: row[1]["text"] if isinstance(row[1], dict) else row[1] for row in rows}


def test_what_is_in_force_on_the_as_of_date_is_in_the_record(record: Record) -> None:
    assert [a["activity_id"] for a in record.activities] == ["A1", "A2", "A6", "A3"]
    assert {a["client_name"] for a in record.activities} == {None, "The Museum"}


@pytest.mark.slow
def test_gaps_agree_with_ropa_completeness(tmp_path: Path) -> None:
    with open_workbench(load_sample(tmp_path / "db"), "2026Q3") as workbench:
        found = open_record(workbench.con, workbench.asked)
        sql = workbench.asked.within(workbench.catalog["ropa_completeness"].sql)
        told = dict(workbench.con.execute(f"SELECT item, detail FROM ({sql})").fetchall())
    assert len(found.activities) > 70
    for a in found.activities:
        gaps = ", ".join(f"{column} ({article})" for column, article in missing(a).items())
        promised = ", ".join(missing_promised(a))
        said = [f"Missing: {gaps}."] * bool(gaps)
        said += [f"Missing of what is promised besides: {promised}."] * bool(promised)
        assert told[a["activity_id"]] == (" ".join(said) or None)


def test_a_card_tells_every_column_in_words(page: Any) -> None:
    told = card(page, "A1")
    assert told["Recipients"] == "Mailer; Cloud; R9 (not in the register of recipients)"
    assert told["Systems"] == "The CRM"
    assert told["Time limit for erasure"] == "2 years after the last activity, then erased (The policy)"
    assert "United States: adequacy decision in force" in told["Third countries"]
    assert "China: no adequacy decision in force" in told["Third countries"]
    assert told["In force"] == "since 2020-01-01"
    assert card(page, "A3")["Client (the controller)"] == "The Museum (C1)"
    assert card(page, "A3")["In force"] == "2020-01-01 to 2026-12-31"  # the register's own end is the day after


def test_what_is_missing_is_told_with_its_article(page: Any) -> None:
    told = card(page, "A2")
    assert told["Purpose"] == "missing (30(1)(b))"
    assert told["Safeguards for them"] == "missing (30(1)(e))"
    assert told["Legal basis"] == "missing (promised)"
    assert told["Time limit for erasure"] == "R0 (not in the register of retention rules)"
    completeness = {tuple(r[:2]): r[3:] for r in page.tables.completeness()["rows"]}
    assert completeness["controller", "Purpose"] == [3, 2, 1]
    assert completeness["controller", "Safeguards for them"] == [2, 1, 1]
    assert completeness["processor", "Security measures"] == [1, 1, 0]


def test_a_transfer_needs_something_in_force(page: Any) -> None:
    told = {r[1]: r[5]["text"] if isinstance(r[5], dict) else r[5] for r in page.tables.recipients()["rows"]}
    assert told == {
        "R1": "inside the EEA",
        "R2": "no safeguard in force",
        "R3": "no safeguard in force",
        "R9": "country not recorded",
    }
    assert page.words.transfers(page.record).startswith("The record names 4 recipients. 2 of them sit outside the EEA.")


def test_the_logs_are_held_against_the_record_both_ways(record: Record) -> None:
    seen = {
        (o["activity_id"], o["thing"], o["value"]): (o["n"], o["is_elsewhere"]) for o in record.seen("not_declared")
    }
    assert seen == {
        ("A1", "system", "fax"): (2, False),
        ("A1", "recipient", "R3"): (1, True),
        ("A1", "data_category", "health"): (1, False),
    }
    unseen = {(o["activity_id"], o["value"]) for o in record.seen("not_seen")}
    assert unseen == {("A1", "R1"), ("A1", "R2"), ("A1", "R9"), ("A3", "basic_details")}
    assert [(u["activity_id"], u["n"]) for u in record.unknown] == [(None, 1), ("A9", 1)]


def test_what_happened_after_the_period_is_left_out(db: Path) -> None:
    with open_workbench(db, "2026Q3", as_of="2026-11-01T00:00:00+01:00") as workbench:
        found = open_record(workbench.con, workbench.asked)
    assert "mail" not in {o["value"] for o in found.observed}
    assert "A5" in {a["activity_id"] for a in found.activities}


def test_the_scope_narrows_the_record(db: Path) -> None:
    with open_workbench(db, "2026Q3", role="processor") as workbench:
        found = open_record(workbench.con, workbench.asked)
    assert [a["activity_id"] for a in found.activities] == ["A3"]
    assert {o["activity_id"] for o in found.observed} == {"A3"}
    assert found.unknown == ()


def test_the_files_say_the_same_and_run_nothing(db: Path, tmp_path: Path) -> None:
    with open_workbench(db, "2026Q3") as workbench:
        write_files(workbench, tmp_path)
        write_files(workbench, tmp_path / ".." / tmp_path.name)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "record-of-processing.csv").read_text("utf-8"))))
    book = openpyxl.load_workbook(tmp_path / "record-of-processing.xlsx")
    heads, *cells = [[c.value or "" for c in row] for row in book.active.iter_rows()]
    assert list(lines[0]) == heads
    assert lines[1]["name"] == "'=1+1"
    assert cells[1][heads.index("name")] == "=1+1"
    assert {c.data_type for row in book.active.iter_rows() for c in row} <= {"s", "inlineStr", "n"}
    assert lines[0]["missing"] == ""
    assert lines[1]["missing"].split(";")[0] == "purpose (30(1)(b))"
    assert lines[0]["legal_basis_iri"] == "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a"
    observed = list(csv.DictReader(io.StringIO((tmp_path / "observed-against-record.csv").read_text("utf-8"))))
    assert {o["value"] for o in observed if o["finding"] == "not_declared"} == {"fax", "R3", "health"}


def test_small_counts_of_events_stay_inside(db: Path, tmp_path: Path) -> None:
    with open_workbench(db, "2026Q3") as workbench:
        write_files(workbench, tmp_path, edition="external")
    observed = csv.DictReader(io.StringIO((tmp_path / "observed-against-record.csv").read_text("utf-8")))
    assert {o["n"] for o in observed if o["finding"] == "not_declared"} == {"<5"}


def test_each_part_is_typeset_and_text_is_never_markup(page: Any) -> None:
    parts = [page.headline(), page.keeper(), page.completeness(), page.matrix(), page.recipients(), page.observed()]
    parts += [page.unknown(), page.terms(), page.files(), *(page.overview(r) for r in ("controller", "processor"))]
    parts += [page.cards("controller"), page.cards("processor")]
    made = [one for s in parts for one in (s if isinstance(s, tuple) else (s,))]
    words = page.page.words
    blocks = [{"kind": "heading", "level": 1, "text": "Section"}, *(finish(m.block, words) for m in made)]
    document = Document(finish(page.cover().block, words), blocks)
    assert pdf.typeset(document, manifest_sha256="00" * 32).startswith(b"%PDF")


def test_an_empty_record_says_so(tmp_path: Path) -> None:
    load(tmp_path / "db", [write(tmp_path / "source", {"processing_events.csv": EVENTS})], policy())
    shown = begin_record(str(tmp_path / "db"), "2026Q3")
    assert shown.words.cover(shown.record) == "The record holds no activity that is in force."
    assert [s.block["kind"] for s in shown.cards("controller")] == ["note"]
    assert shown.page.workbench
    shown.page.workbench.close()


def test_of_a_period_without_events_the_logs_say_nothing(db: Path) -> None:
    shown = begin_record(str(db), "2019Q1")
    assert [s.block["text"] for s in shown.observed()] == [shown.say("sentence.no_events")]
    assert not list(shown.unknown())
    assert shown.page.workbench
    shown.page.workbench.close()


def test_the_terms_are_those_of_the_vocabulary() -> None:
    if not TERMS.is_file():
        pytest.skip("the folder of legal vectors is not beside this checkout")
    given = {r["iri"] for r in csv.DictReader(TERMS.read_text("utf-8").splitlines())}
    ours = load_vocabulary(shipped("mira") / "policy.toml").terms
    not_listed = {ours["legal_basis"][name][0] for name in ("vital_interests", "public_task")}
    assert {iri for names in ours.values() for iris in names.values() for iri in iris} - given == not_listed


@pytest.mark.parametrize("line", ['newsletter = ["http://example.org/x"]', "newsletter = 1", "newsletter = []\n[news]"])
def test_a_term_that_is_none_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "dpv.toml").write_text(f"[purpose]\n{line}\n", encoding="utf-8")
    with pytest.raises(AuditError, match=r"dpv\.toml:[23]: "):
        load_vocabulary(tmp_path / "policy.toml")
