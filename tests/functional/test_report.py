"""`audit report`: a folder written whole or not at all, repeatable to the byte, and made again only when it has to be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from audit import places
from audit.cli import main
from audit.figures import shown
from audit.notebooks import parameters_of
from audit.pdf_text import pages
from audit.register import runs
from audit.report import read
from audit.words import Words
from tests.functional.committed import differences
from tests.functional.vera import conforming, needs_vera
from tests.refresh_notebooks import stripped
from tests.rules.tree import ROOT

SAMPLE = ROOT / "data" / "mira"
NOTEBOOKS = ROOT / "notebooks"
GIVEN = {"period": "2026Q3", "language": "en", "edition": "internal"}
pytestmark = pytest.mark.slow

in_the_deep_run = pytest.mark.skipif(not os.environ.get("AUDIT_DEEP"), reason="takes a minute: make test-deep")

# What Python runs first in a process and in the kernels that it starts.
ONE_THREAD = """
import duckdb
connect = duckdb.connect
duckdb.connect = lambda *given, config=None, **more: connect(*given, config={**(config or {}), "threads": 1}, **more)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the sample loaded and its quarterly report made and signed."""
    folder = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_KEYS", str(folder / "settings" / "keys.toml"))
        try:
            assert main(["keys", "init", "--quiet"]) == 0
            assert main(["load", str(SAMPLE), "--quiet"]) == 0
            assert main(["report", "--quiet"]) == 1
            yield folder
        finally:
            os.chdir(before)


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_last_quarter_that_the_logs_cover_has_its_report(place):
    made = set(content(place / "reports"))
    assert {f"2026Q3/{n}" for n in ("quarterly-report.pdf", "results.json", "findings.csv", "manifest.json")} <= made
    subjects = {p.name for p in NOTEBOOKS.glob("[0-9]*.ipynb")}
    assert len(subjects) >= 5
    notebooks = {name.rpartition("/")[2] for name in made if name.startswith("2026Q3/notebooks/")}
    assert notebooks >= {*subjects, "quarterly_report.ipynb"}
    assert "client_report.ipynb" not in notebooks
    assert all(name.startswith("2026Q3/") for name in made)


def test_its_notebooks_show_what_the_committed_ones_do(place):
    made = sorted((place / "reports/2026Q3/notebooks").glob("*.ipynb"))
    ran = {path.name: stripped(json.loads(path.read_text("utf-8"))) for path in made}
    assert [d for name, notebook in ran.items() for d in differences(NOTEBOOKS / name, notebook)] == []
    for name in ran:  # what this report gave them is what they have of themselves: without a period, the last quarter
        own = {key: found["default"].strip('"') for key, found in parameters_of(NOTEBOOKS / name).items()}
        assert {key: value for key, value in own.items() if value} | {"period": "2026Q3"} == GIVEN
        assert own["period"] in ("", "2026Q3")


def test_its_notebooks_name_no_place_and_ask_nobody(place):
    for path in (place / "reports/2026Q3/notebooks").glob("*.ipynb"):
        text = path.read_text("utf-8")
        assert not [p for p in (str(place), str(NOTEBOOKS.parent), str(Path.home())) if p in text]
        assert not re.search(r"cdn\.|jsdelivr|unpkg|<script|requirejs", text)
        addresses = set(re.findall(r"https?://[^\"'\\ )<]+", text))
        assert all(a.startswith(("http://www.w3.org/", "https://vega.github.io/schema/")) for a in addresses)
    document = read(path.with_name("quarterly_report.ipynb"))
    assert document.cover["period"] == "2026Q3"
    assert document.blocks[-1]["kind"] == "closing"


def test_the_manifest_says_what_it_follows_from(place):
    manifest = json.loads((place / "reports/2026Q3/manifest.json").read_text())
    assert {"inputs", "checks", "law", "policy", "question", "made_with", "program_sha256", "files"} <= set(manifest)
    assert str(place) not in json.dumps(manifest)


def test_the_report_is_on_record_as_given_out(place):
    """The next quarter's report holds it against its own day; this one had none before it."""
    assert {(run.kind, run.period) for run in runs(place / "data/audit.db")} >= {("quarterly-report", "2026Q3")}
    assert json.loads((place / "reports/2026Q3/manifest.json").read_text())["restates"] is None


def test_verify_finds_it_whole_and_a_change_in_it(place, capsys):
    assert main(["verify", "reports/2026Q3"]) == 0
    findings = place / "reports/2026Q3/findings.csv"
    good = findings.read_bytes()
    findings.write_bytes(good + b"\n")
    assert main(["verify", "reports/2026Q3"]) == 5
    assert "findings.csv: changed" in capsys.readouterr().out
    findings.write_bytes(good)


def test_a_second_run_finds_it_up_to_date(place, capsys):
    before = (place / "reports/2026Q3").stat().st_ino
    assert main(["report", "--period", "2026Q3"]) == 1
    out, err = capsys.readouterr()
    assert "up to date" in err
    assert "consent_coverage" in out
    assert (place / "reports/2026Q3").stat().st_ino == before


def test_its_pdf_proves_itself(place):
    """With what the folder says of it."""
    pdf = place / "reports/2026Q3/quarterly-report.pdf"
    about = json.loads((place / "reports/2026Q3/signature.json").read_text())
    begins = pdf.read_bytes()[: about["begins_with"]["bytes"]]
    assert hashlib.sha256(begins).hexdigest() == about["begins_with"]["sha256"]
    assert main(["verify", str(pdf)]) == 0


@pytest.mark.parametrize("name", ["requests-report", pytest.param("quarterly-report", marks=in_the_deep_run)])
def test_made_again_elsewhere_it_is_the_same_to_the_byte(place, tmp_path, elsewhere, name):
    """The PDF carries the hash of every file beside it, so that with its bytes all of theirs are the same."""
    assert main(["report", "--report", name, "--period", "2026Q3", "--out", str(tmp_path / "reports"), "--quiet"]) == 1
    (pdf,) = (tmp_path / "reports").rglob("*.pdf")
    told = json.loads((pdf.parent / "manifest.json").read_text())["files"]
    assert set(told) == set(content(pdf.parent)) - {pdf.name, "manifest.json", "signature.json", "SHA256SUMS"}
    ran = elsewhere("verify", str(pdf), "--db", "data/audit.db")
    assert ran.returncode == 0, ran.stdout
    assert "Made again from the database it is the same to the byte." in ran.stdout


def test_the_findings_are_the_same_elsewhere(place, elsewhere, tmp_path):
    assert elsewhere("check", "--period", "2026Q3", "--findings", str(tmp_path / "found.csv")).returncode == 1
    assert (tmp_path / "found.csv").read_bytes() == (place / "reports/2026Q3/findings.csv").read_bytes()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Runs a command over the sample as another user, in another folder, time zone, language and number of threads."""
    folder = tmp_path_factory.mktemp("elsewhere")
    env = os.environ | {"HOME": str(folder), "USER": "someone", "LOGNAME": "someone", "TZ": "Pacific/Auckland"}
    env |= {"LC_ALL": "C", "LANG": "sv_SE.UTF-8"}
    (folder / "sitecustomize.py").write_text(ONE_THREAD)
    env["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])

    def ran(*words):
        command = [sys.executable, "-m", "audit", *words]
        return subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)

    assert ran("load", str(SAMPLE), "--quiet").returncode == 0
    return ran


def test_its_headline_figures_are_in_its_text(place):
    folder = place / "reports/2026Q3"
    results = json.loads((folder / "results.json").read_text())
    told = "".join("".join(pages((folder / "quarterly-report.pdf").read_bytes())).split())
    missing = [c["check"] for c in results["checks"] if c["evaluated"] and shown(c, Words("en")) not in told]
    assert missing == []
    assert len(results["checks"]) > 15


@needs_vera
def test_it_is_archivable_and_accessible(place):
    assert conforming("3a,ua1", place / "reports/2026Q3/quarterly-report.pdf") == [True, True]


def test_a_failing_notebook_is_kept_and_the_old_report_stands(place, tmp_path, monkeypatch, capsys):
    before = content(place / "reports/2026Q3")
    source = NOTEBOOKS / "00_overview.ipynb"
    broken = nbformat.read(source, as_version=4)
    broken.cells.append(nbformat.v4.new_code_cell("1 / 0", id="broken"))
    nbformat.write(broken, tmp_path / source.name)
    monkeypatch.setitem(places._CHECKOUT, "notebooks", tmp_path)
    assert main(["report", "--period", "2026Q3"]) == 4
    assert "ZeroDivisionError" in capsys.readouterr().err
    kept = nbformat.read(place / "reports/2026Q3-failed/00_overview.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in kept.cells for output in cell.get("outputs", []))
    assert content(place / "reports/2026Q3") == before
    shutil.rmtree(place / "reports/2026Q3-failed")
