"""`audit report`: a folder written whole or not at all, repeatable to the byte, and made again only when it has to be."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest

from audit import places
from audit.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "mira"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the sample loaded and its quarterly report made."""
    folder = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(folder)
    try:
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
    assert {f"2026Q3/notebooks/{p.name}" for p in (SAMPLE.parents[1] / "notebooks").glob("*.ipynb")} <= made
    assert all(name.startswith("2026Q3/") for name in made)


def test_the_manifest_says_what_it_follows_from(place):
    manifest = json.loads((place / "reports/2026Q3/manifest.json").read_text())
    assert {"inputs", "checks", "law", "policy", "question", "made_with", "program_sha256", "files"} <= set(manifest)
    assert str(place) not in json.dumps(manifest)


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


def test_made_again_it_is_the_same_to_the_byte(place):
    before = content(place / "reports/2026Q3")
    shutil.rmtree(place / "reports/2026Q3")
    assert main(["report", "--quiet"]) == 1
    after = content(place / "reports/2026Q3")
    assert [name for name in before if before[name] != after.get(name)] == []
    assert set(after) == set(before)


def test_a_failing_notebook_is_kept_and_the_old_report_stands(place, tmp_path, monkeypatch, capsys):
    before = content(place / "reports/2026Q3")
    source = SAMPLE.parents[1] / "notebooks" / "00_overview.ipynb"
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
