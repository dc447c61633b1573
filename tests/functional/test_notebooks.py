"""The notebooks: they run for a period, refuse what they do not know, stop where a cell fails, and their figures hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit import notebooks
from audit.blocks import MIME
from audit.errors import AuditError, CheckError, UsageError
from audit.executing import Job, run_all
from tests import refresh_notebooks
from tests.functional.committed import differences
from tests.functional.sample_db import load_sample
from tests.rules.tree import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PARAMETERS = ["db", "period", "as_of", "client", "role", "language"]
AT_THE_DESK = ("welcome", "tour", "add_a_check")
"""Nobody is given these: they have no edition."""


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, loaded once."""
    return load_sample(tmp_path_factory.mktemp("sample") / "db")


def notebook(path: Path, *sources: str, parameters: str = 'period: str = "2026Q3"  # the period') -> Path:
    """A small notebook with a parameters cell and these cells."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for i, s in enumerate([parameters, *sources])
    ]
    cells[0]["metadata"] = {"tags": ["parameters"]}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}))
    return path


def outputs(path: Path) -> list[dict[str, Any]]:
    """All outputs of a notebook."""
    return [o for c in json.loads(path.read_text("utf-8"))["cells"] for o in c.get("outputs", [])]


def test_each_notebook_names_its_parameters_with_type_and_help() -> None:
    for path in NOTEBOOKS:
        found = notebooks.parameters_of(path)
        more = ["edition"] * (path.stem not in AT_THE_DESK) + ["incident"] * (path.stem == "incident_dossier")
        assert list(found) == PARAMETERS + more
        assert all(p["inferred_type_name"] == "str" and p["help"] for p in found.values())


def test_notebooks_are_thin() -> None:
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            # The texts of a check's files, and a query of a line, are what those notebooks are about.
            source = re.sub(r'"""(?s:.*?)"""|"SELECT[^"\n]*"', "...", "".join(cell["source"]))
            if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
                lines = [line for line in source.splitlines() if not re.match(r"$|import |from ", line)]
                assert len(lines) <= 6, f"{path.name}: {source}"
                assert not re.search(r"\b(for|if|def|class|lambda|select)\b", source.lower()), f"{path.name}: {source}"


def test_committed_outputs_are_small_and_hold_no_path_or_picture() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 3_000_000
    for path in NOTEBOOKS:
        text = path.read_text("utf-8")
        assert str(ROOT) not in text
        assert not re.search(r'"(/home|/tmp|/root|/Users|[A-Z]:\\\\)', text)
        assert all(set(o.get("data", {})) <= {MIME, "text/plain"} for o in outputs(path))


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(db: Path, tmp_path: Path) -> None:
    """In a kernel, which tells how far it is, and in a fork, whose charts are drawn after it."""
    steps: list[tuple[str, int, int]] = []
    source, given = notebooks.find("90_data_quality"), {"period": "2026Q2", "role": "controller"}
    progress = lambda *step: steps.append(step)  # noqa: E731
    notebooks.run(source, tmp_path / "kernel.ipynb", given, db=db, progress=progress)
    run_all([Job(source, tmp_path / "fork.ipynb", given)], db=db)
    assert (tmp_path / "kernel.ipynb").read_bytes() == (tmp_path / "fork.ipynb").read_bytes()
    assert steps[-1] == ("90 data quality", steps[0][2], steps[0][2])
    assert [s[1] for s in steps] == sorted(s[1] for s in steps)


@pytest.mark.parametrize(
    ("parameters", "about"),
    [({"perod": "2026Q3"}, "perod"), ({"period": 2026}, "period"), ({"period": True}, "period")],
)
def test_unknown_and_mistyped_parameters_are_refused(tmp_path: Path, parameters: dict[str, Any], about: str) -> None:
    with pytest.raises(UsageError, match=about):
        notebooks.run(notebook(tmp_path / "n.ipynb", "1"), tmp_path / "out.ipynb", parameters)
    assert not (tmp_path / "out.ipynb").exists()


def test_a_parameter_without_a_type_is_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "1", parameters="period = None")
    with pytest.raises(AuditError, match="has no type"):
        notebooks.run(path, tmp_path / "out.ipynb", {})


def test_a_failing_cell_stops_the_run_and_its_notebook_is_kept(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "print('before')", "secret = '19810203-1234'\nint(secret)", "print('after')")
    with pytest.raises(CheckError) as failure:
        notebooks.run(path, tmp_path / "out.ipynb", {})
    assert failure.value.exit_code == 4
    assert "cell 3 failed: ValueError" in str(failure.value)
    assert "1981" not in str(failure.value), "a message of a foreign error may quote data"
    kept = outputs(tmp_path / "out.ipynb")
    assert [o["output_type"] for o in kept if o["output_type"] != "display_data"] == ["stream", "error"]


def test_a_package_error_keeps_its_message(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "from audit.display import begin", "begin('nowhere', period)")
    with pytest.raises(CheckError, match="cell 3 failed: AuditError: "):
        notebooks.run(path, tmp_path / "out.ipynb", {})


def test_an_unknown_or_broken_notebook_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="quarterly_report"):
        notebooks.find("yearly-report")
    (tmp_path / "n.ipynb").write_text("{")
    with pytest.raises(AuditError, match="not a notebook"):
        notebooks.run(tmp_path / "n.ipynb", tmp_path / "out.ipynb", {})


def nbval(db: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run nbval over notebooks, as a process of its own."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "nbval", "-p", "tests.functional.nbval_kept", "-W", "default", "--rootdir", str(ROOT)]
    env = os.environ | {notebooks.DATABASE: str(db)}
    return subprocess.run([*command, *map(str, paths)], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_committed_figures_are_what_the_sample_gives(db: Path, tmp_path: Path) -> None:
    """Of the notebooks that are no part of the quarterly report: of those that are, that report tells (test_report)."""
    others = {path for path in NOTEBOOKS if not (path.stem[0].isdigit() or path.stem == "quarterly_report")}
    found = refresh_notebooks.executed(db, tmp_path, [path.stem for path in others])
    assert found.keys() == others
    assert [d for path, ran in found.items() for d in differences(path, ran)] == []


def test_the_committed_notebooks_were_run_from_first_to_last() -> None:
    for path in NOTEBOOKS:
        cells = [c for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
        assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))


@pytest.mark.slow
def test_nbval_says_the_same_and_a_changed_number_fails(db: Path, tmp_path: Path) -> None:
    """It starts a kernel for each notebook and so takes ten times as long: one will do, to know that they agree."""
    committed, changed = ROOT / "notebooks" / "60_requests.ipynb", tmp_path / "changed.ipynb"
    data = json.loads(committed.read_text("utf-8"))
    blocks = [o["data"][MIME] for c in data["cells"] for o in c.get("outputs", []) if MIME in o.get("data", {})]
    counts = next(b for b in blocks if b["kind"] == "counts")
    counts["population"] += 1
    (said,) = differences(committed, data)
    assert re.fullmatch(r"60_requests, cell \d+: .*counts.*", said)
    changed.write_text(json.dumps(data))
    done = nbval(db, changed)
    assert done.returncode == 1, done.stdout[-4000:]
    cells = [c for c in data["cells"] if c["cell_type"] == "code"]
    assert f"1 failed, {len(cells) - 1} passed" in done.stdout, done.stdout[-4000:]
