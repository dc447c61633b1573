"""Nothing that is written in the data does anything: names, values and markup stay text everywhere, and no door opens."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pypdfium2
import pytest

from audit.cli import main
from audit.executing import Job, run_all
from audit.making import Order, folder_name, make_report
from audit.notebooks import find
from audit.run import open_workbench
from tests.functional.houses import POLICY, loaded, write

HOSTILE = {
    "formula": '=HYPERLINK("http://evil.example","x")',
    "html": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "typst": '#read("/etc/passwd") *bold* $x$ \\ @ref <label>',
    "markdown": "[click](http://evil.example) `code` | cell | # head",
    "path": "../../../outside",
    "sql": "'; DROP TABLE core.consents; --",
    "shell": "$(touch owned)`touch owned`;touch owned",
    "control": "line\none\x1b[31mred\x07\u202eback",
    "long": "x" * 400,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An organisation in which every name is hostile, loaded into ``db``."""
    place = tmp_path_factory.mktemp("doors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write(place / "source", planted())
        assert main(["load", "source", "--db", "db", "--quiet"]) == 0
        yield place


# A template of a row for each table; WORD is where the hostile text goes.
ROWS = {
    "contracts": "contract_id=WORD,client_id=WORD,client_name=WORD,contract_start=2025-01-01,breach_notice=PT24H",
    "processing_activities": "activity_id=WORD,role=processor,client_id=WORD,name=WORD,purpose=WORD,legal_basis=consent",
    "processing_events-<b>'#\"\n=1": "event_id=WORD,occurred_at=2026-07-02T09:00Z,system_id=WORD,activity_id=WORD,"
    "client_id=WORD,subject_id=WORD,operation=contact,channel=email,recipient_id=WORD",
    "incidents": "incident_id=WORD,role=processor,client_id=WORD,title=WORD,detected_at=2026-07-02T09:00Z,severity=high,"
    "personal_data_breach=true,facts=WORD",
    "requests": "request_id=WORD,kind=access,received_at=2026-07-02T09:00Z,client_id=WORD",
    "consents": "consent_id=WORD,subject_id=WORD,purpose=WORD,status=WORD,effective_at=2026-07-02T09:00Z",
}


def planted() -> dict[str, str]:
    policy = POLICY.read_text().splitlines()
    at = next(i for i, line in enumerate(policy) if line.startswith("name = "))
    policy[at] = f"name = {json.dumps('Evil #strong[AB] <script>alert(1)</script> *x*')}"
    return {f"{table}.csv": as_csv(row) for table, row in ROWS.items()} | {"policy.toml": "\n".join(policy)}


def as_csv(template: str) -> str:
    columns = dict(cell.split("=") for cell in template.split(","))
    rows = [[value.replace("WORD", word) for value in columns.values()] for word in HOSTILE.values()]
    out = io.StringIO()
    csv.writer(out).writerows([list(columns), *rows])
    return out.getvalue()


def test_the_command_line_says_it_as_text(place, capsys):
    assert main(["check", "--db", "db", "--period", "2026Q3", "--findings", "f.csv"]) == 1
    assert main(["rejected", "--db", "db", "--out", "consents.csv"]) == 0
    assert main(["rejected", "--db", "db"]) == 0
    with (place / "f.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    # One of each check and one of each name: each opens the database anew.
    of_each = {row["check"]: row for row in found} | {row["item_key"]: row for row in found}
    for row in of_each.values():
        assert main(["evidence", row["finding_id"], "--db", "db", "--period", "2026Q3"]) == 0
    for word in HOSTILE.values():
        assert main(["explain", "request_deadlines", "--item", word, "--db", "db", "--period", "2026Q3"]) == 0
        assert main(["check", "--db", "db", "--period", "2026Q3", "--client", word, "--only", "request_deadlines"]) in (
            0,
            1,
        )
    shown = capsys.readouterr()
    assert not set("\x1b\x07\u202e") & set(shown.out + shown.err)
    assert {row["item_key"] for row in found} >= {HOSTILE["html"], HOSTILE["sql"], "'" + HOSTILE["formula"]}
    for path in ("f.csv", "consents.csv"):
        with (place / path).open(newline="") as file:
            cells = [cell for line in csv.reader(file) for cell in line]
        assert [cell for cell in cells if len(cell) > 1 and cell[0] in "=+-@\t\r"] == []


@pytest.mark.slow
def test_the_report_says_it_as_text(place):
    (place / "ran").mkdir()
    names = ("quarterly-report", "10_consent", "50_incidents")
    jobs = [Job(find(name), place / "ran" / f"{name}.ipynb", {"period": "2026Q3"}) for name in names]
    run_all(jobs, db=place / "db", draw=False)
    with open_workbench("db", "2026Q3") as wb:
        make_report(wb, place / "reports" / "2026Q3", Order(), executed=jobs[0].out)
    for job in jobs:
        said = list(html_of(json.loads(job.out.read_text("utf-8"))))
        assert any(said)
        for html in said:
            assert "<script>alert" not in html
            assert "<img src=x" not in html
    pdf = pypdfium2.PdfDocument(place / "reports" / "2026Q3" / "quarterly-report.pdf")
    text = "".join(page.get_textpage().get_text_bounded() for page in pdf)
    assert "#strong[AB] <script>alert(1)</script>" in " ".join(text.split())
    assert "root:" not in text


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_client_of_any_name_has_a_folder_of_its_own(place, word):
    with open_workbench("db", "2026Q3", client=word) as wb:
        name = folder_name(wb, Order())
    assert name.startswith("2026Q3-client-")
    assert Path(name).name == name
    assert name.isprintable()
    assert len(name) < 200


def html_of(notebook: dict[str, object]) -> Iterator[str]:
    for cell in notebook["cells"]:  # type: ignore[attr-defined]
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/html", []))


def test_nothing_is_made_elsewhere(place):
    made = {path.name for path in place.iterdir()}
    assert made <= {"source", "db", "f.csv", "consents.csv", "ran", "reports"}
    assert not list(place.parent.glob("outside*"))


def part_of(db: Path) -> Path:
    return next((db / "parts").glob("*.parquet"))


ATTEMPTS: dict[str, Callable[[Path, Path], str]] = {
    "read a file": lambda outside, _: f"FROM read_csv('{outside}')",
    "read its text": lambda outside, _: f"FROM read_text('{outside}')",
    "by a name": lambda outside, _: f"FROM '{outside}'",
    "from within": lambda outside, db: f"FROM read_csv('{db}/parts/../../{outside.name}')",
    "list a folder": lambda outside, _: f"SELECT count(*) / count(*) FROM glob('{outside.parent}/*')",
    "over the network": lambda *_: "FROM read_csv('http://127.0.0.1:9/x.csv')",
    "write a file": lambda outside, _: f"COPY (SELECT 1) TO '{outside}'",
    "write from within": lambda outside, db: f"COPY (SELECT 1) TO '{db}/../{outside.name}'",
    "write beside the parts": lambda _, db: f"COPY (SELECT 1) TO '{db}/parts/new.parquet'",
    "write over a part": lambda _, db: f"COPY (SELECT 1) TO '{part_of(db)}'",
    "point elsewhere": lambda _, db: f"COPY (SELECT '000000.json') TO '{db}/CURRENT' (FORMAT csv, HEADER false)",
    "change the policy": lambda _, db: f"COPY (SELECT 1) TO '{next((db / 'house').rglob('policy.toml'))}' (FORMAT csv)",
    "write over a run": lambda _, db: f"COPY (SELECT 1) TO '{db}/runs/R-1.json' (FORMAT json)",
    "read the manifests": lambda _, db: f"FROM read_text('{db}/snapshots/*.json')",
    "export": lambda outside, _: f"EXPORT DATABASE '{outside.parent / 'all'}'",
    "attach": lambda outside, _: f"ATTACH '{outside.parent / 'x.db'}'",
    "install": lambda *_: "INSTALL httpfs",
    "load": lambda *_: "LOAD httpfs",
    "unlock": lambda *_: "SET lock_configuration = false",
    "reach out": lambda *_: "SET enable_external_access = true",
    "reach further": lambda outside, _: f"SET allowed_directories = ['{outside.parent}']",
    "use another folder": lambda outside, _: f"SET temp_directory = '{outside.parent}'",
    "take more memory": lambda *_: "SET memory_limit = '1TB'",
    "keep a secret": lambda *_: "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "read the environment": lambda *_: "SELECT getenv('PATH')",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_open_database_opens_no_door(tmp_path, attempt):
    db, _ = loaded(tmp_path, {"requests.csv": "request_id,kind,received_at\nR1,access,2026-07-02T09:00Z\n"})
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    with open_workbench(db, "2026Q3") as wb, pytest.raises(duckdb.Error):
        wb.con.execute(ATTEMPTS[attempt](outside, db)).fetchall()
    assert outside.read_text() == "a\n1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_part_is_not_written_over_in_place(tmp_path):
    db, _ = loaded(tmp_path, {"requests.csv": "request_id,kind,received_at\nR1,access,2026-07-02T09:00Z\n"})
    with open_workbench(db, "2026Q3") as wb, pytest.raises(duckdb.Error):
        wb.con.execute(f"COPY (SELECT 1) TO '{part_of(db)}' (USE_TMP_FILE false)")


def test_a_link_within_the_database_leads_nowhere(tmp_path):
    db, _ = loaded(tmp_path, {"requests.csv": "request_id,kind,received_at\nR1,access,2026-07-02T09:00Z\n"})
    (tmp_path / "outside.csv").write_text("a\n1\n")
    (db / "parts" / "link.csv").symlink_to(tmp_path / "outside.csv")
    with open_workbench(db, "2026Q3") as wb, pytest.raises(duckdb.Error):
        wb.con.execute(f"FROM read_csv('{db}/parts/link.csv')").fetchall()


GUARDED = """
import sys

def guard(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.gethostbyname"):
        raise SystemExit(f"the network was asked for: {event}")

sys.addaudithook(guard)
from audit.cli import main
assert main(["load", "source", "--db", "guarded", "--quiet"]) == 0
assert main(["check", "--db", "guarded", "--period", "2026Q3", "--quiet"]) == 1
"""


def test_no_network_is_asked_for(place):
    ran = subprocess.run([sys.executable, "-c", GUARDED], cwd=place, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
