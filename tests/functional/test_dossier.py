"""One incident, whole: its clocks agree with the checks, and what is missing, decided and told stands in its tables."""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import audit
from audit import pdf
from audit.blocks import finish
from audit.breach_form import load_breach_form
from audit.cells import plain
from audit.cli import main
from audit.display_dossier import DossierPage, begin_dossier
from audit.dossier import CHECKS, Dossier, open_dossier
from audit.dossier_form import DossierForm
from audit.errors import UsageError
from audit.pdf import Document
from audit.report_parts import about, checks_of
from audit.run import open_workbench
from audit.sources.load import load
from audit.words import Words
from tests.functional.houses import policy, write
from tests.functional.sample_db import load_sample

FIELDS = Path(__file__).parents[2].parent / "shared" / "vectors" / "breach_notification_fields.csv"
HOSTILE = "#panic('x') $x^2$ <label> *a* [link](x)"
LONG = "It was seen by one. " * 900

INCIDENTS = f"""\
incident_id,role,client_id,title,personal_data_breach,breach_types,severity,risk,detected_at,aware_at,subjects_affected,\
data_categories,facts,effects,remedial_action,delay_reasons,no_communication_ground
LATE,,,A list was sent,true,confidentiality,high,high,2026-07-01T09:00:00+02:00,,3,names,A list,Seen,Deleted,Nobody saw it,
CLIENT,,C1,Theirs,true,integrity,low,risk,2026-07-01T09:00:00+02:00,,40,names,A list,Seen,Deleted,,
DAY,,,A day alone,true,,,risk,2026-07-01,,,,A list,,,,
UNTOLD,,,A day alone,true,,,risk,2026-07-01,,,,A list,,,,
BARE,,,,,,,,2026-07-01T09:00:00+02:00,,,,,,,,
NOT,,,No breach,false,,low,,2026-07-01T09:00:00+02:00,,,,,,,,
GROUND,,,A laptop,true,confidentiality,low,high,2026-07-01T09:00:00+02:00,,60,names,Lost,None,Wiped,,encrypted
NEVER,,C2,Theirs,true,integrity,low,risk,2026-07-01T09:00:00+02:00,,40,names,A list,Seen,Deleted,,
HOSTILE,,,"{HOSTILE}",true,availability,low,risk,2026-07-01T09:00:00+02:00,,9,"{HOSTILE}","{LONG}","{HOSTILE}",x,,
"""
EVENTS = """\
incident_id,stage,at,actor_id
LATE,registered,2026-07-01T10:00:00+02:00,U1
LATE,analysed,2026-07-02T10:00:00+02:00,U1
LATE,prioritised,2026-07-02T11:00:00+02:00,U1
LATE,subjects_notified,2026-07-04T08:59:00+02:00,U1
LATE,resolved,2026-07-10T10:00:00+02:00,U1
LATE,evaluated,2026-07-20T10:00:00+02:00,U1
LATE,authority_notified,2026-07-05T10:00:00+02:00,U1
LATE,authority_notified,2026-07-09T10:00:00+02:00,U2
CLIENT,controller_notified,2026-07-03T08:00:00+02:00,U1
DAY,authority_notified,2026-07-04T23:30:00+02:00,U1
"""
FILES = {
    "incidents.csv": INCIDENTS,
    "incident_events.csv": EVENTS,
    "contracts.csv": "contract_id,client_id,client_name,contract_start,breach_notice\nK1,C1,The Museum,2020-01-01,PT48H\n"
    "K2,C1,The Museum of Later,2026-12-01,PT24H\nK3,C2,The Archive,2020-01-01,PT999999999H\n",
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dossier")
    load(place / "db", [write(place / "source", FILES)], policy())
    return place / "db"


def dossier(db: Path, incident: str, **scope: Any) -> Dossier:
    with open_workbench(db, "2026Q3", **scope) as workbench:
        return open_dossier(workbench.con, workbench.asked, incident)


@pytest.fixture(scope="module")
def page(db: Path) -> Any:
    """The page of an incident by its id; all closed at the end."""
    opened: list[DossierPage] = []

    def of(incident: str) -> DossierPage:
        opened.append(begin_dossier(str(db), "2026Q3", incident))
        return opened[-1]

    yield of
    for shown in opened:
        assert shown.page.workbench
        shown.page.workbench.close()


def rows(block: dict[str, Any]) -> dict[str, list[Any]]:
    """A table's rows by their first cell, statuses as their texts."""
    told = [[v["text"] if isinstance(v, dict) else v for v in row] for row in block["rows"]]
    return {row[0]: row[1:] for row in told}


@pytest.mark.slow
def test_every_clock_agrees_with_its_check(tmp_path: Path) -> None:
    judged: dict[str, dict[str, str]] = defaultdict(dict)
    with open_workbench(load_sample(tmp_path / "db"), "2026Q3") as workbench:
        for check in CHECKS:
            sql = workbench.asked.within(workbench.catalog[check].sql)
            for item, outcome in workbench.con.execute(f"SELECT item, outcome FROM ({sql})").fetchall():
                judged[item][check] = outcome
        for item, outcomes in judged.items():
            opened = open_dossier(workbench.con, workbench.asked, item)
            assert {check: opened.outcome(check) for check in outcomes} == outcomes, item
    assert sum(map(len, judged.values())) > 100


def test_the_authority_was_told_a_day_late_and_a_supplement_followed(db: Path, page: Any) -> None:
    found = dossier(db, "LATE")
    clock = found.clock("authority_notified")
    assert (clock.basis, clock.due_at, clock.outcome) == ("law", "2026-07-04T09:00:00+02:00", "violation")
    assert clock.hours_over == 25
    assert found.clock("controller_notified").silent == "controller"
    shown = page("LATE")
    decisions = rows(shown.tables.decisions())
    assert decisions["Why was the authority told late?"][0] == "see the documentation"
    assert rows(shown.tables.texts())["Why the authority was told late (33(1))"] == ["Nobody saw it"]
    phases = [row[3] for row in shown.tables.notices()["rows"]]
    assert phases == ["first notification", "first notification", "supplement 1 (33(4))"]
    assert shown.words.notices() == "The trail tells of 3 notices: authority told (2) and persons told (1)."
    assert "Authority told" in shown.tables.timeline().title
    assert "25 hours" in shown.tables.timeline().title


def test_a_client_is_told_within_its_contracts_time(db: Path, page: Any) -> None:
    clock = dossier(db, "CLIENT").clock("controller_notified")
    assert (clock.basis, clock.seconds, clock.outcome) == ("contract", 48 * 3600, "compliant")
    assert dossier(db, "CLIENT").clock("authority_notified").silent == "processor"
    duties = [row[2] for row in page("CLIENT").tables.duties()["rows"]]
    assert duties[0] == "the organisation, as processor"
    assert duties[2:] == ["the client, as controller"] * 4
    assert plain(page("CLIENT").words.cover()).startswith("A personal data breach, as processor for The Museum.")


def test_a_contracts_time_beyond_the_calendar_ends_with_it(db: Path, page: Any) -> None:
    clock = dossier(db, "NEVER").clock("controller_notified")
    assert (clock.due_at, clock.outcome) == ("9999-12-31T01:00:00+01:00", "pending")
    assert page("NEVER").tables.timeline().title, "each of its instants can be drawn"


def test_a_day_alone_runs_to_the_end_of_a_day(db: Path) -> None:
    clock = dossier(db, "DAY").clock("authority_notified")
    assert clock.is_date
    assert clock.due_at == "2026-07-04T23:59:59.999999+02:00"
    assert clock.outcome == "compliant"


@pytest.mark.parametrize(("stage", "midnight"), [("authority_notified", "2026-07-05"), ("registered", "2026-07-03")])
def test_at_the_midnight_that_ends_the_day_nothing_is_overdue(db: Path, stage: str, midnight: str) -> None:
    assert dossier(db, "UNTOLD", as_of=midnight).clock(stage).outcome == "pending"
    after = dossier(db, "UNTOLD", as_of=f"{midnight}T00:00:00.000001").clock(stage)
    assert after.outcome == "violation"
    assert after.due_at is not None
    assert after.due_at.endswith("T23:59:59.999999+02:00")


def test_of_a_bare_incident_everything_is_missing_or_undecided(db: Path, page: Any) -> None:
    found = dossier(db, "BARE")
    assert found.missing == found.demanded
    assert {found.clock(s).outcome for s in ("authority_notified", "subjects_notified")} == {"undetermined"}
    shown = page("BARE")
    states = [row[3]["status"] for row in shown.tables.demands()["rows"]]
    assert states.count("violation") == 8
    assert states.count("not_evidenced") == 3
    assert "nobody" in shown.words.notices()
    assert rows(shown.tables.decisions())["Is it a personal data breach?"][0] == "not decided"


def test_of_what_is_no_breach_nothing_is_demanded(page: Any) -> None:
    shown = page("NOT")
    assert shown.dossier.missing == []
    assert shown.tables.demands()["rows"] == []
    assert {c.stage for c in shown.dossier.running} == {
        "registered",
        "analysed",
        "prioritised",
        "resolved",
        "evaluated",
    }


def test_the_ground_for_not_telling_the_persons_is_told(page: Any) -> None:
    decision = rows(page("GROUND").tables.decisions())["Are the persons told?"]
    assert decision == ["no", "the data was unreadable to others (34(3)(a))", "34(1)"]


def test_what_lies_after_the_as_of_instant_has_not_happened(db: Path) -> None:
    found = dossier(db, "LATE", as_of="2026-07-04T12:00:00+02:00")
    clock = found.clock("authority_notified")
    assert (clock.done_at, clock.outcome, clock.hours_over) == (None, "violation", 3)
    assert {e["stage"] for e in found.trail} == {"registered", "analysed", "prioritised", "subjects_notified"}


@pytest.mark.parametrize(
    ("incident", "scope"),
    [
        ("NONE", {}),
        ("LATE", {"client": "C1"}),
        ("CLIENT", {"role": "controller"}),
        ("LATE", {"as_of": "2026-07-01T09:00:00+02:00"}),
        ("x' OR true --", {}),
    ],
)
def test_an_incident_outside_the_scope_is_refused_without_its_id(db: Path, incident: str, scope: Any) -> None:
    with pytest.raises(UsageError, match="no such incident") as refused:
        dossier(db, incident, **scope)
    assert incident not in str(refused.value)


def test_the_results_of_a_dossier_hold_no_other_incident(db: Path) -> None:
    with open_workbench(db, "2026Q3") as workbench:
        found = about(workbench.check_all(checks_of("incident-dossier")), workbench, "LATE")
    assert list(found.checks) == list(CHECKS)
    assert {c.population for c in found} == {0, 1}
    assert found["breach_notification_authority"].reasons == {"violation": {"late_with_reasons": 1}}
    assert {f.item_key for c in found for f in c.findings()} == {"LATE"}


def test_the_command_says_where_there_is_no_dossier_to_make(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["report", "--db", str(db), "--out", str(tmp_path), "--unsigned"]
    assert main([*asked, "--period", "2025Q1", "--report", "incident-dossier"]) == 0
    assert "no dossier to make" in capsys.readouterr().err
    assert main([*asked, "--period", "2026Q3", "--report", "incident-dossier", "--incident", "NONE"]) == 2
    assert main([*asked, "--period", "2026Q3", "--incident", "LATE"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_period_without_a_breach_is_refused(db: Path) -> None:
    with pytest.raises(UsageError, match="no personal data breach"):
        begin_dossier(str(db), "2025Q1", "")


@pytest.mark.parametrize("incident", ["BARE", "HOSTILE", "NOT", "CLIENT"])
def test_each_part_is_typeset_and_text_is_never_markup(page: Any, incident: str) -> None:
    shown = page(incident)
    parts = [shown.headline, shown.glance, shown.matrix, shown.carries, shown.in_time, shown.timeline, shown.clocks]
    parts += [shown.trail, shown.notices, shown.demands, shown.texts, shown.decisions, shown.duties, shown.form]
    parts += [shown.findings, shown.waivers]
    made = [one for s in (part() for part in parts) for one in (s if isinstance(s, tuple) else (s,))]
    words = shown.page.words
    section = {"kind": "heading", "level": 1, "text": "Section"}
    blocks = [section, *(finish(m.block, words) for m in made)]
    document = Document(finish(shown.cover().block, words), blocks)
    assert pdf.typeset(document, manifest_sha256="00" * 32).startswith(b"%PDF")


def test_the_form_holds_every_field() -> None:
    if not FIELDS.is_file():
        pytest.skip("the folder of legal vectors is not beside this checkout")
    given = {int(r["field_no"]): r for r in csv.DictReader(FIELDS.read_text("utf-8").splitlines())}
    ours = {f.no: f for f in load_breach_form().fields}
    assert set(given) == set(ours)
    for no, field in ours.items():
        assert field.section == given[no]["section"]
        assert field.gdpr == (given[no]["gdpr_ref"].replace("Art. ", "") or None)
        assert field.is_required == (given[no]["required"] == "required")


def form_of(shown: Any) -> dict[str, str | None]:
    """What the form is filled with."""
    form = DossierForm(shown.words, shown.tables.below)
    return {f.fills: form.filled(f) for f in load_breach_form().fields if f.fills}


def test_a_processors_form_leaves_to_its_client_what_only_the_client_knows(page: Any) -> None:
    ours, theirs, bare = form_of(page("LATE")), form_of(page("CLIENT")), form_of(page("BARE"))
    assert theirs["controller_aware_at"] == theirs["client_told_at"] == "3 July 2026, 08:00"
    assert theirs["discovery"] == "detected by the processor, who told the controller"
    assert [theirs[key] for key in ("phase", "completeness", "subjects_told")] == [None] * 3
    assert (ours["subjects_told"], ours["discovery"], ours["client_told_at"]) == ("yes", None, None)
    assert (bare["phase"], bare["completeness"], bare["subjects_told"]) == ("new notification", "incomplete", "no")
    assert form_of(page("GROUND"))["ground"] == "the data was unreadable to others (34(3)(a))"


def test_the_form_is_shown_whole(page: Any) -> None:
    form = DossierForm(page("CLIENT").words, 0)
    numbers = [row[0] for block in (form.asked(), form.rest()) for row in block["rows"]]
    assert sorted(map(int, numbers)) == [f.no for f in load_breach_form().fields]


def test_each_field_of_the_form_has_a_name_and_is_filled_by_something_known(page: Any) -> None:
    messages = Path(audit.__file__).parent / "templates" / "messages" / "en" / "form.toml"
    assert set(tomllib.loads(messages.read_text("utf-8"))) == {str(f.no) for f in load_breach_form().fields}
    shown = page("LATE")
    filled = form_of(shown)
    assert filled["controller_aware_at"] == "1 July 2026, 09:00"
    assert filled["subjects_affected"] == "3"
    assert filled["phase"] == "follow-up notification"
    assert filled["organisation"] == policy().name


def test_categories_of_data_have_their_own_names(page: Any) -> None:
    shown = page("GROUND")
    shown.words.words = Words("sv", terms={"names": "namn"})
    assert shown.words.value("data_categories") == "namn"


def test_small_numbers_of_persons_and_people_who_acted_stay_inside(page: Any) -> None:
    shown = page("LATE")
    shown.tables.below, shown.tables.is_internal = 5, False
    assert rows(shown.tables.glance())["Persons concerned"] == ["fewer than 5"]
    told = str([shown.tables.glance(), shown.tables.notices(), shown.tables.trail(), *shown.form()])
    assert "U1" not in told
    assert "U2" not in told
