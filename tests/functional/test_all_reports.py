"""Every report in both languages and editions: archivable, accessible, in agreement with its figures, and giving nobody away."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from audit import figures, making, pdf, places
from audit.cli import main
from audit.pdf_text import attached, pages
from audit.policy import load_policy
from audit.report import read
from audit.statutes import load_law
from audit.verify import verify_pdf
from audit.words import Words
from tests.functional.houses import POLICY, loaded, write
from tests.functional.made_all import BREACH, CLIENT, FILES, ORDERS, OTHER
from tests.functional.vera import conforming, needs_vera
from tests.rules.tree import ROOT

PERSONS = ("SUB-0", "REQ-0", "USR-0")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports, made by another process: an interactive shell is one of a kind in its process."""
    folder = tmp_path_factory.mktemp("all")
    subprocess.run([sys.executable, "-m", "tests.functional.made_all", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def reports(place: Path) -> list[Path]:
    """Each report's PDF."""
    found = sorted((place / "reports").glob("*/*-*.pdf"))
    assert len(found) == len(ORDERS)
    return found


def order_of(report: Path) -> dict[str, Any]:
    order: dict[str, Any] = json.loads((report.parent / "manifest.json").read_text("utf-8"))["report"]
    return order


def results_of(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.parent / "results.json").read_text("utf-8"))
    return found


@needs_vera
def test_each_is_archivable_and_accessible(place: Path, reports: list[Path]) -> None:
    assert {(order_of(r)["name"], order_of(r)["language"]) for r in reports} >= {
        (order.name, language) for order, _ in ORDERS for language in ("en", "sv") if order.name != "quarterly-report"
    }
    assert conforming("3a,ua1", *reports) == [True, True] * len(reports)
    plain = place / "without.pdf"
    plain.write_bytes(pdf.typeset(read(place / "executed.ipynb"), manifest_sha256="0" * 64, attachments=None))
    assert conforming("2a,ua1", plain) == [True, True]


def test_each_figure_of_the_text_is_that_of_the_results(reports: list[Path]) -> None:
    """Its checks' figures where it shows them in a strip, and a client's in the table of all its checks."""
    for report in reports:
        assert verify_pdf(report).differences == [], report.parent.name
        order, results = order_of(report), results_of(report)
        text, words = "".join(pages(report.read_bytes())), Words(order["language"])
        told = "".join(text.split())
        strips = [c for c in results["checks"] if f"· {c['check']}" in text]
        number = {"quarterly-report": len(results["checks"]), "requests-report": 2, "processing-record": 1}
        assert len(strips) == number.get(order["name"], 0)
        assert all(figures.shown(check, words) in told for check in strips)
        if order["name"] == "client-report":
            judged = [c for c in results["checks"] if c["population"] != 0 and c["check"] != "log_coverage"]
            assert judged
            assert all(row(check, words) in told for check in judged), report.parent.name


def row(check: dict[str, Any], words: Words) -> str:
    """A check's figures as the table of all checks has them, without spaces."""
    names = ("population", "compliant", "violation", "pending", "undetermined", "waived")
    counts = "".join(v if isinstance(v, str) else words.integer(v) for v in (check[n] for n in names))
    rate = check["rate"]
    share = rate if isinstance(rate, str) else words.percent(rate) if rate is not None else "–"
    return "".join((counts + share).split())


def test_each_is_held_against_the_period_before(reports: list[Path]) -> None:
    """But a dossier, which is about one incident; external ones do not tell how many findings came and went."""
    for report in reports:
        order, compared = order_of(report), results_of(report)["compared"]
        if order["name"] == "incident-dossier":
            assert compared is None
            continue
        assert compared["before"]["period"] == "2026Q2"
        assert compared["restated"]["checks"] == []
        assert compared["checks"]
        has_flows = {"flows" in row for row in compared["checks"]}
        assert has_flows == {order["edition"] == "internal"}


def test_what_came_and_went_is_computed_again(reports: list[Path]) -> None:
    """Each figure of the comparison, altered by one, no longer agrees with the rest."""
    (report,) = (r for r in reports if r.parent.name == "2026Q3-requests-report-sv-internal")
    results, files = results_of(report), {"findings.csv": (report.parent / "findings.csv").read_bytes()}
    assert list(figures.differences(results, files, "", "sv")) == []
    (place,) = (i for i, c in enumerate(results["compared"]["checks"]) if c["check"] == "request_deadlines")
    flows = results["compared"]["checks"][place]["flows"]
    assert {name for flow in flows for name, n in flow.items() if n and name in ("new", "still_open", "past")} >= {
        "new",
        "still_open",
    }
    for name in ("new", "still_open", "resolved", "past"):
        altered = copy.deepcopy(results)
        altered["compared"]["checks"][place]["flows"][0][name] += 1
        assert list(figures.differences(altered, files, "", "sv")), name
    altered = copy.deepcopy(results)
    altered["compared"]["checks"][place]["points"] += 1
    assert list(figures.differences(altered, files, "", "sv"))


def test_external_editions_hold_nobody_and_a_clients_no_other_client(reports: list[Path]) -> None:
    for report in reports:
        order = order_of(report)
        files = [p for p in report.parent.rglob("*") if p.is_file()]
        said = "".join(pages(report.read_bytes())) + "".join(p.read_bytes().decode("latin-1") for p in files)
        found = [start for start in PERSONS if start in said]
        is_about_persons = order["name"] != "processing-record"
        assert bool(found) == (order["edition"] == "internal" and is_about_persons), report.parent.name
        if order["name"] == "client-report":
            assert OTHER not in said
            assert "Other Writers" not in said


def planted(tmp_path: Path, name: str, *cells: Any) -> Path:
    """A folder with one report's notebook to which an analyst added cells."""
    source = ROOT / "notebooks" / name
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[-1:-1] = cells
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / name)
    return tmp_path / "notebooks"


def refused(words: list[str], out: Path, capsys: pytest.CaptureFixture[str], *values: str) -> str:
    """What the command says of a report that would give somebody away; nothing of it is left."""
    assert main(["report", *words, "--period", "2026Q3", "--out", str(out), "--unsigned", "--quiet"]) == 5
    said = capsys.readouterr().err
    assert "would give somebody away, so it was not kept" in said
    assert not [value for value in values if value.lower() in said.lower()]
    assert not out.exists() or list(out.iterdir()) == []
    return said


def test_ids_that_an_analyst_shows_stop_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db, _ = loaded(tmp_path, FILES)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="9"><text y="8">SUB-00005</text></svg>'
    cells = [
        nbformat.v4.new_markdown_cell("Ask SUB-00003 about it.", id="planted-text"),
        nbformat.v4.new_code_cell("page.show('chart', title='Late', alt='SUB-00004 is last', svg='')".replace(
            "svg=''", f"svg='{svg}'"), id="planted-chart"),
    ]  # fmt: skip
    folder = planted(tmp_path, "requests_report.ipynb", *cells)
    monkeypatch.setitem(places._CHECKOUT, "notebooks", folder)
    words = ["--report", "requests-report", "--db", str(db)]
    said = refused(words, tmp_path / "out", capsys, "SUB-00003", "SUB-00004", "SUB-00005")
    last = len(nbformat.read(folder / "requests_report.ipynb", as_version=4).cells)
    for place in ("requests-report.pdf, page", f"requests_report.ipynb, cell {last}: a subject id"):
        assert place in said  # one cell more than the analyst's: that of the parameters


def test_an_address_in_a_name_and_another_clients_name_stop_a_clients_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = dict(FILES)
    files["contracts.csv"] = files["contracts.csv"].replace("Example Readers", "Readers (anna.berg@mail.test)")
    files["processing_activities.csv"] = files["processing_activities.csv"].replace("Members", "As for Other Writers")
    db, _ = loaded(tmp_path, files)
    words = ["--report", "client-report", "--client", CLIENT, "--db", str(db)]
    said = refused(words, tmp_path / "out", capsys, "anna.berg@mail.test", "Other Writers", OTHER)
    assert "client-report.pdf, its alternative texts, bookmarks or metadata: an e-mail address" in said
    assert "client_report.ipynb" in said
    assert "another client's name" in said


def test_an_address_in_the_record_stops_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = dict(FILES)
    files["processing_activities.csv"] = files["processing_activities.csv"].replace("locks", "ask anna.berg@mail.test")
    db, _ = loaded(tmp_path, files)
    said = refused(["--report", "processing-record", "--db", str(db)], tmp_path / "out", capsys, "anna.berg@mail.test")
    assert "processing-record.pdf, an attachment: an e-mail address" in said or "record-of-processing.csv" in said


def test_an_id_in_a_title_or_a_files_name_stops_a_dossier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The title stands in the PDF's metadata, on pages and in attachments; a file's name in the manifest alone."""
    for table, old, new in (("incidents", "A list was sent", "Of SUB-00003"), ("requests", "", "")):
        name = f"{table}.csv" if new else f"{table}-SUB-00005.csv"
        files = {n: text for n, text in FILES.items() if n != f"{table}.csv"}
        place = tmp_path / table
        db, _ = loaded(place, files | {name: FILES[f"{table}.csv"].replace(old, new)})
        words = ["--report", "incident-dossier", "--incident", BREACH, "--db", str(db)]
        said = refused(words, place / "out", capsys, "SUB-00003", "SUB-00005")
        assert ("manifest.json: a subject id" in said) == (not new)


def test_a_report_follows_the_policy_file_that_is_given(tmp_path: Path) -> None:
    """What the notebook shows is judged by it as what stands beside it, for one client and for all of them."""
    one_client = {
        n: "".join(row for row in text.splitlines(keepends=True) if OTHER not in row) for n, text in FILES.items()
    }
    db, _ = loaded(tmp_path, one_client)
    other = write(tmp_path / "other", {"policy.toml": POLICY.read_text("utf-8")}) / "policy.toml"
    name = load_policy(POLICY, load_law()).name
    other.write_text(other.read_text("utf-8").replace(f'"{name}"', '"Another Reader AB"'), "utf-8")
    for words in (["requests-report"], ["client-report", "--all-clients", "--jobs", "1", "--engine", "papermill"]):
        given = ["--db", str(db), "--policy", str(other), "--period", "2026Q3", "--out", str(tmp_path / "out")]
        assert main(["report", "--report", *words, *given, "--unsigned", "--quiet"]) in (0, 1)
    made = sorted((tmp_path / "out").glob("*/*.pdf"))
    assert len(made) == 2
    for report in made:
        assert "Another Reader AB" in "".join(pages(report.read_bytes()))
        assert verify_pdf(report).differences == []
        assert name not in report.read_bytes().decode("latin-1") + "".join(pages(report.read_bytes()))


def test_more_findings_than_a_pdf_should_carry_lie_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db, _ = loaded(tmp_path, FILES)
    given = ["--db", str(db), "--period", "2026Q3", "--out", str(tmp_path / "out"), "--unsigned", "--quiet"]
    monkeypatch.setattr(making, "MOST_ATTACHED", 3)
    assert main(["report", "--report", "requests-report", "--edition", "internal", *given]) == 1
    report = next((tmp_path / "out").glob("*/requests-report.pdf"))
    assert set(attached(report.read_bytes())) == {"results.json", "manifest.json"}
    assert verify_pdf(report).differences == []
    assert main(["verify", str(report), "--db", str(db)]) == 0
    assert "same to the byte" in capsys.readouterr().out
    before = report.stat().st_ino
    assert main(["report", "--report", "requests-report", "--edition", "internal", *given]) == 1
    assert report.stat().st_ino == before, "it is up to date"
    findings = report.with_name("findings.csv")
    findings.write_bytes(findings.read_bytes() + b"\n")
    assert verify_pdf(report).differences == ["findings.csv: not the one of the manifest"]
    for name in ("findings.csv", "findings.jsonl"):
        report.with_name(name).unlink()
    alone = verify_pdf(report)
    assert alone.differences == []
    assert "Not here: findings.csv, findings.jsonl" in " ".join(alone.said)
    assert "follow from its findings" not in alone.conclusion
