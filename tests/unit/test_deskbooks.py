"""The analyst's copies of the notebooks: without figures, renewed with the package, changes never lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit import deskbooks
from audit.errors import AuditError


def notebook(path: Path, *sources: str) -> None:
    """A notebook that was run."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": "of other data"}]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": s, "outputs": outputs, "execution_count": 1}
        for i, s in enumerate(sources)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's notebooks: two of them."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    notebook(folder / "a.ipynb", "1")
    notebook(folder / "b.ipynb", "2")
    monkeypatch.setattr(deskbooks, "shipped", lambda name: folder)
    return folder


def edit(path: Path, source: str, output: str = "") -> None:
    """As JupyterLab saves a change, or a run."""
    data = json.loads(path.read_text())
    data["cells"][0] |= {"source": source.splitlines(keepends=True), "execution_count": 7}
    data["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    path.write_text(json.dumps(data))


def source(path: Path) -> str:
    """The first cell."""
    return "".join(json.loads(path.read_text())["cells"][0]["source"])


def test_copies_hold_no_figures_of_other_data(shipped: Path, tmp_path: Path) -> None:
    desk = tmp_path / "deep" / "desk"
    assert deskbooks.lay_out(desk) == []
    assert sorted(p.name for p in desk.iterdir()) == ["a.ipynb", "b.ipynb"]
    assert all("other data" not in p.read_text() for p in desk.iterdir())
    assert all(deskbooks.is_a_copy(p) for p in desk.iterdir())


def test_a_change_outlives_the_next_start_and_a_newer_package(shipped: Path, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    deskbooks.lay_out(desk)
    edit(desk / "a.ipynb", "my own\nquestion", "my figures")
    before = (desk / "a.ipynb").read_bytes()
    assert deskbooks.lay_out(desk) == []
    assert (desk / "a.ipynb").read_bytes() == before
    notebook(shipped / "a.ipynb", "1 of the next version")
    assert deskbooks.lay_out(desk) == ["a"], "and it is said that there is a newer one"
    assert (desk / "a.ipynb").read_bytes() == before


def test_what_was_only_run_keeps_its_outputs_until_the_package_has_a_newer_one(shipped: Path, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    deskbooks.lay_out(desk)
    edit(desk / "a.ipynb", "1", "my figures")
    deskbooks.lay_out(desk)
    assert "my figures" in (desk / "a.ipynb").read_text()
    notebook(shipped / "a.ipynb", "1 of the next version")
    assert deskbooks.lay_out(desk) == []
    assert source(desk / "a.ipynb") == "1 of the next version"
    assert "my figures" not in (desk / "a.ipynb").read_text()


def test_a_copy_is_in_one_language(shipped: Path, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    data = json.loads((shipped / "a.ipynb").read_text())
    data["cells"][0] |= {
        "source": ["# parameters\n", 'language: str = "en"  # of the text'],
        "metadata": {"tags": ["parameters"]},
    }
    data["cells"] += [
        {"cell_type": "markdown", "id": tag, "metadata": {"tags": [tag]}, "source": text}
        for tag, text in (("en", "Reasons"), ("sv", "Orsaker"))
    ]
    (shipped / "a.ipynb").write_text(json.dumps(data))
    for language, kept, left in (("en", "Reasons", "Orsaker"), ("sv", "Orsaker", "Reasons")):
        deskbooks.lay_out(desk, language)
        text = (desk / "a.ipynb").read_text()
        assert kept in text
        assert left not in text
        assert source(desk / "a.ipynb").endswith(f'language: str = "{language}"  # of the text')


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1, "metadata": {}}', '{"metadata": []}'])
def test_what_is_no_notebook_of_ours_is_left_alone(shipped: Path, tmp_path: Path, text: str) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "a.ipynb").write_text(text)
    deskbooks.lay_out(desk)
    assert (desk / "a.ipynb").read_text() == text
    assert deskbooks.is_a_copy(desk / "b.ipynb")


def test_a_removed_copy_comes_back(shipped: Path, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    deskbooks.lay_out(desk)
    (desk / "a.ipynb").unlink()
    deskbooks.lay_out(desk)
    assert source(desk / "a.ipynb") == "1"


def test_a_place_that_cannot_be_written_is_one_clear_line(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("a file")
    with pytest.raises(AuditError, match="cannot be written"):
        deskbooks.lay_out(tmp_path / "desk")
