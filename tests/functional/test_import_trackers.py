"""Real exports of issue trackers: what is known of them by counting comes out of the import and of the load."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median

import pytest

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sources.load import LoadReport, load
from audit.sources.mapping import read_sources
from audit.sources.reading import items
from audit.sources.systems.export import Aside, Context, Item, Refused, Row
from tests.functional.houses import policy

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
SERVICENOW = DATA / "servicenow_incidents"
TARGETPROCESS = DATA / "targetprocess"
PSEUDONYMS = Pseudonyms(b"k" * 32)

needs_servicenow = pytest.mark.skipif(
    not SERVICENOW.is_dir(), reason="the folder of ServiceNow exports is not beside this checkout"
)
needs_targetprocess = pytest.mark.skipif(
    not TARGETPROCESS.is_dir(), reason="the folder of Target Process exports is not beside this checkout"
)
LISTS = ("bugs", "impediments", "requests", "userstories", "comments", "users", "entitystates", "severities")
EVERYTHING = """
[[source]]
system = "targetprocess"
files = ["targetprocess/*.json"]
pages = "partial"
[[source.incidents]]
types = ["Bug", "Impediment", "UserStory"]
[[source.requests]]
types = ["Request"]
kind = "complaint"
[source.states]
Open = "registered"
"In Progress" = "analysed"
Plan = "prioritised"
Resolved = "resolved"
[source.answered]
Closed = "unknown"
[source.severities]
Critical = "high"
Enhancement = "low"
"""


def documented(system: str) -> str:
    """The worked ``sources.toml`` of a system's section in docs/importing.md."""
    page = (ROOT / "docs" / "importing.md").read_text("utf-8")
    (section,) = re.findall(rf"^## {system}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    found = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


def servicenow(folder: Path) -> Path:
    folder.mkdir()
    for path in SERVICENOW.glob("*.csv"):
        shutil.copy(path, folder)
    (folder / "sources.toml").write_text(documented("tracker"))
    return folder


def targetprocess(folder: Path, *names: str, settings: str = EVERYTHING) -> Path:
    (folder / "targetprocess").mkdir(parents=True)
    for name in names:
        shutil.copy(TARGETPROCESS / name, folder / "targetprocess")
    (folder / "sources.toml").write_text(settings)
    return folder


def imported(folder: Path) -> Iterator[Item]:
    for batch in read_sources(folder):
        yield from items(batch, Context(PSEUDONYMS, policy().zone, batch.system_id))


def rows(found: list[Item], table: str) -> list[dict[str, str]]:
    return [{k: str(v) for k, v in i.values.items()} for i in found if isinstance(i, Row) and i.table == table]


def asides(found: list[Item]) -> Counter[str]:
    return Counter(i.kind for i in found if isinstance(i, Aside))


def loaded(tmp_path: Path, folder: Path) -> tuple[Path, LoadReport]:
    return tmp_path / "db", load(tmp_path / "db", [folder], policy(), pseudonyms=PSEUDONYMS)


def asked(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_workbench(db, "2016Q1") as wb:
        return wb.con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    return list(imported(servicenow(tmp_path_factory.mktemp("servicenow") / "source")))


def stages(log: list[Item], stage: str) -> dict[str, datetime]:
    """The last time each incident reached a stage."""
    return {
        e["incident_id"]: datetime.fromisoformat(e["at"]) for e in rows(log, "incident_events") if e["stage"] == stage
    }


@needs_servicenow
def test_servicenow_gives_its_incidents_and_how_long_they_took(log: list[Item]) -> None:
    incidents = {i["incident_id"]: i for i in rows(log, "incidents")}
    assert len(incidents) == len(rows(log, "incidents")) == 890
    assert Counter(i["severity"] for i in incidents.values()) == {"critical": 15, "high": 33, "medium": 757, "low": 85}
    took = [
        (resolved - datetime.fromisoformat(incidents[i]["detected_at"])) / timedelta(hours=1)
        for i, resolved in stages(log, "resolved").items()
    ]
    assert len(took) == 861
    assert [sum(h <= 24 for h in took), sum(h <= 72 for h in took)] == [234, 469]
    assert [sum(h > 72 for h in took), sum(h > 24 * 30 for h in took)] == [392, 89]
    assert (round(median(took), 2), round(mean(took), 2)) == (54.47, 315.87)


@needs_servicenow
def test_servicenow_gives_the_trail(log: list[Item]) -> None:
    events = rows(log, "incident_events")
    assert len({e["incident_id"] for e in events if e["stage"] == "reopened"}) == 10
    assert len(stages(log, "registered")) == len(stages(log, "evaluated")) == 890
    assert len(stages(log, "analysed")) == 890
    assert not any(isinstance(i, Refused) for i in log)
    # Each of the 5,998 updates has a row or is set aside.
    assert {i.line for i in log} == set(range(2, 6000))


@needs_servicenow
def test_servicenow_changed_the_priority_of_39_incidents(tmp_path: Path) -> None:
    folder = servicenow(tmp_path / "source")
    settings = (folder / "sources.toml").read_text().replace('becomes = ["TRUE"]', 'becomes = ["not this"]')
    (folder / "sources.toml").write_text(settings)
    assert len(stages(list(imported(folder)), "prioritised")) == 39


@needs_servicenow
def test_servicenow_is_loaded_with_every_row_accounted_for(tmp_path: Path, log: list[Item]) -> None:
    db, report = loaded(tmp_path, servicenow(tmp_path / "source"))
    counts = {t["table"]: (t["read"], t["accepted"], t["duplicate"], t["rejected"]) for t in report.tables}
    events = len(rows(log, "incident_events"))
    assert counts == {"incidents": (890, 890, 0, 0), "incident_events": (events, events, 0, 0)}
    # 1 March, not 3 January: the log begins on 29 February.
    assert asked(
        db, "SELECT min(detected_at) >= '2016-02-29', max(detected_at) < '2016-03-03' FROM core.incidents"
    ) == [(True, True)]
    assert asked(db, "SELECT count(*) FROM core.incident_events WHERE actor_id LIKE 'U-%' AND stage = 'resolved'") == [
        (861,)
    ]


@needs_servicenow
@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("", "the order of day and month is not declared"),
        ('date_format = "%m-%d-%Y %H:%M"\n', "a date has day and month the other way round than declared"),
    ],
)
def test_servicenow_with_dates_not_or_wrongly_declared_is_refused(tmp_path: Path, declared: str, message: str) -> None:
    folder = servicenow(tmp_path / "source")
    settings = re.sub(r"date_format = .*\n", declared, (folder / "sources.toml").read_text())
    (folder / "sources.toml").write_text(settings)
    with pytest.raises(AuditError, match=message):
        loaded(tmp_path, folder)
    assert not (tmp_path / "db" / "CURRENT").exists()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    folder = tmp_path_factory.mktemp("targetprocess") / "source"
    return list(imported(targetprocess(folder, *(f"{name}.json" for name in LISTS))))


def recorded(name: str) -> list[dict[str, object]]:
    found = json.loads((TARGETPROCESS / f"{name}.json").read_text())["Items"]
    assert isinstance(found, list)
    return found


def instant(written: object) -> datetime:
    """The oracle of ``/Date(ms+zzzz)/``: the number alone."""
    (milliseconds,) = re.findall(r"\((\d+)", str(written))
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


@needs_targetprocess
def test_targetprocess_gives_incidents_with_the_stages_that_are_known(desk: list[Item]) -> None:
    incidents = {i["incident_id"]: datetime.fromisoformat(i["detected_at"]) for i in rows(desk, "incidents")}
    lists = [r for name in ("bugs", "impediments", "userstories") for r in recorded(name)]
    assert len(rows(desk, "incidents")) == 25 + 24 + 25
    # Planned starts are no times at which anything happened, and offsets move nothing.
    assert incidents == {str(r["Id"]): instant(r["CreateDate"]) for r in lists}
    trail = Counter(e["stage"] for e in rows(desk, "incident_events"))
    # One impediment is resolved; another has an EndDate and is open.
    assert trail == {"registered": 74, "resolved": 1}
    # In progress are a bug and two user stories, and nobody knows since when.
    assert asides(desk)["stage reached at a time that is not told"] == 3


@needs_targetprocess
def test_targetprocess_gives_requests_and_the_answer(desk: list[Item]) -> None:
    requests = {r["request_id"]: r for r in rows(desk, "requests")}
    assert len(requests) == 25
    assert {i: datetime.fromisoformat(r["received_at"]) for i, r in requests.items()} == {
        str(r["Id"]): instant(r["CreateDate"]) for r in recorded("requests")
    }
    answered = {i: datetime.fromisoformat(r["answered_at"]) for i, r in requests.items() if "answered_at" in r}
    assert answered == {str(r["Id"]): instant(r["EndDate"]) for r in recorded("requests") if r["EndDate"]}
    assert len(answered) == 1


@needs_targetprocess
def test_targetprocess_sets_aside_what_no_table_takes(desk: list[Item]) -> None:
    counted = asides(desk)
    assert (counted["User"], counted["User, deleted"]) == (11, 3)
    assert (counted["Comment"], counted["EntityState"], counted["Severity"]) == (20, 25, 5)
    assert counted["page without the one before or after it"] == 4
    assert not any(isinstance(i, Refused) for i in desk)


@needs_targetprocess
def test_targetprocess_names_nobody(desk: list[Item]) -> None:
    kept = json.dumps([dict(i.values) for i in desk if isinstance(i, Row)])
    assert not re.search(r"@|Target|Administrator|asdasdasd", kept)


@needs_targetprocess
def test_targetprocess_of_today_tells_since_when_a_state_is(tmp_path: Path) -> None:
    names = ("request.single.tp2026.json", "userstory.single.tp2026.json")
    found = list(imported(targetprocess(tmp_path / "source", *names)))
    (request,) = rows(found, "requests")
    assert (request["request_id"], request["received_at"]) == ("75471", "2026-09-03T11:35:23Z")
    registered, prioritised = rows(found, "incident_events")
    assert registered["actor_id"] == PSEUDONYMS.actor("targetprocess", "alex@example.com")
    assert (prioritised["stage"], prioritised["at"]) == ("prioritised", "2026-09-01T11:34:55Z")


@needs_targetprocess
@pytest.mark.parametrize("name", ["bugs", "requests", "userstories", "features", "entitystates", "times"])
def test_targetprocess_refuses_a_page_that_goes_on(tmp_path: Path, name: str) -> None:
    settings = EVERYTHING.replace('pages = "partial"\n', "")
    with pytest.raises(AuditError, match="a page of this list is missing") as raised:
        loaded(tmp_path, targetprocess(tmp_path / "source", f"{name}.json", settings=settings))
    assert raised.value.file == f"targetprocess/{name}.json"


@needs_targetprocess
@pytest.mark.parametrize(("name", "status"), [("error_400.xml", "BadRequest"), ("error_404.xml", "NotFound")])
@pytest.mark.parametrize("saved_as", ["error.xml", "error.json"])
def test_targetprocess_names_the_servers_error(tmp_path: Path, name: str, status: str, saved_as: str) -> None:
    folder = targetprocess(tmp_path / "source", "impediments.json", settings=EVERYTHING.replace("*.json", "*"))
    shutil.copy(TARGETPROCESS / name, folder / "targetprocess" / saved_as)
    with pytest.raises(AuditError, match=f"the server answered with the error {status}") as raised:
        loaded(tmp_path, folder)
    assert raised.value.file == f"targetprocess/{saved_as}"
    assert not (tmp_path / "db" / "CURRENT").exists()


@needs_targetprocess
def test_targetprocess_is_loaded_with_every_row_accounted_for(tmp_path: Path) -> None:
    # The single bug is one of the list's: the same row twice.
    names = [*(f"{name}.json" for name in LISTS), "bugs.single.json"]
    db, report = loaded(tmp_path, targetprocess(tmp_path / "source", *names))
    counts = {t["table"]: (t["read"], t["accepted"], t["duplicate"], t["rejected"]) for t in report.tables}
    assert counts == {"incidents": (75, 74, 1, 0), "incident_events": (76, 75, 1, 0), "requests": (25, 25, 0, 0)}
    assert asked(db, "SELECT count(*), count(DISTINCT severity) FROM core.incidents") == [(74, 2)]


@needs_targetprocess
def test_targetprocess_is_read_as_the_documents_say(tmp_path: Path) -> None:
    settings = documented("targetprocess").replace("[[source.incidents]]", 'pages = "partial"\n[[source.incidents]]', 1)
    found = list(imported(targetprocess(tmp_path / "source", *(f"{name}.json" for name in LISTS), settings=settings)))
    assert len(rows(found, "incidents")) == 25 + 24
    assert asides(found)["Request that is neither incident nor request"] == 25
