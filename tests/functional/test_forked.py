"""The engine that forks gives what papermill's own gives, cell by cell, and no notebook sees another's doings."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from audit import notebooks
from audit.errors import AuditError, CheckError
from tests.functional.test_notebooks import notebook, outputs
from tests.rules.tree import ROOT

CELLS = (
    "import sys\nfrom IPython.display import HTML, display",
    "print('to', 'stdout')\nprint('more')\nprint('to stderr', file=sys.stderr)\ndisplay(HTML('<b>shown</b>'))\n1 + 1",
    "",
    """
from audit.charts.drawing import Chart
x = {"field": "n", "type": "quantitative"}
spec = {"mark": "bar", "data": {"name": "rows"}, "datasets": {"rows": [{"n": 1}, {"n": 2}]}, "encoding": {"x": x}}
Chart("Two of three", "a 1, b 2", spec, "By kind.")""",
    "period;",
    "{'b': 1, 'a': [period, len(period)]}",
)


def ran(tmp_path: Path, name: str, path: Path, engine: str | None, **parameters: Any) -> Path:
    out = tmp_path / f"{name}.ipynb"
    notebooks.run(path, out, parameters, engine=engine)
    return out


@pytest.mark.slow
def test_both_engines_give_the_same_cells(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", *CELLS)
    ran(tmp_path, "kernel", path, None, period="2026Q2")
    fork = ran(tmp_path, "fork", path, notebooks.FORK, period="2026Q2")
    assert "image/png" not in fork.read_text("utf-8"), "the fork would have waited for the drawing engine"
    notebooks.draw(fork, tmp_path / "drawn.ipynb")
    one, other = (json.loads((tmp_path / f"{n}.ipynb").read_text("utf-8")) for n in ("kernel", "drawn"))
    assert [c["cell_type"] for c in one["cells"]] == ["code"] * (len(CELLS) + 2)
    for mine, theirs in zip(other["cells"], one["cells"], strict=True):
        assert mine == theirs


def test_no_notebook_sees_what_another_did(tmp_path: Path) -> None:
    does = notebook(
        tmp_path / "does.ipynb", "import audit, os\naudit.planted = left = 1\nos.environ['LEFT'] = '1'\nleft"
    )
    sees = notebook(
        tmp_path / "sees.ipynb",
        "import audit, os\n(hasattr(audit, 'planted'), 'left' in globals(), 'LEFT' in os.environ)",
    )
    assert outputs(ran(tmp_path, "1", does, notebooks.FORK))[-1]["data"]["text/plain"] == ["1"]
    assert outputs(ran(tmp_path, "2", sees, notebooks.FORK))[-1]["data"]["text/plain"] == ["(False, False, False)"]


def test_a_forks_temporary_files_go_with_it(tmp_path: Path) -> None:
    leaves = notebook(tmp_path / "n.ipynb", "from tempfile import mkdtemp\nmkdtemp()")
    (said,) = outputs(ran(tmp_path, "out", leaves, notebooks.FORK))[-1]["data"]["text/plain"]
    folder = Path(said.strip("'"))
    assert folder.parent.parent == Path(tempfile.gettempdir())
    assert not folder.parent.exists()


def test_a_failing_cell_stops_the_notebook_and_keeps_it(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "print('before')", "int('19810203-1234')", "print('after')")
    with pytest.raises(CheckError, match="cell 3 failed: ValueError") as failure:
        ran(tmp_path, "out", path, notebooks.FORK)
    assert "1981" not in str(failure.value)
    kept = [o for o in outputs(tmp_path / "out.ipynb") if o["output_type"] != "display_data"]
    assert [o["output_type"] for o in kept] == ["stream", "error"]


def test_a_notebook_that_ends_its_process_is_a_failure_of_its_own(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", "import os\nos._exit(0)", "1")
    with pytest.raises(CheckError, match="its kernel stopped"):
        ran(tmp_path, "out", path, notebooks.FORK)


def test_a_process_with_threads_is_not_forked(tmp_path: Path) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(AuditError, match="several threads"):
            ran(tmp_path, "out", notebook(tmp_path / "n.ipynb", "1"), notebooks.FORK)
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
def test_a_script_without_a_guard_may_run_notebooks(tmp_path: Path) -> None:
    """Its top level runs once, not in each process that runs notebooks for it."""
    sources = [notebook(tmp_path / f"{name}.ipynb", f"'{name}'") for name in ("one", "two")]
    out = tmp_path / "out"
    out.mkdir()
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom audit.executing import Job, run_all\nprint('begun', flush=True)\n"
        f"run_all([Job(Path(p), Path({str(out)!r}, Path(p).name), {{}}) for p in sys.argv[1:]], db=None)\n"
    )
    command = [sys.executable, str(script), *map(str, sources)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "begun\n", "")
    assert [outputs(out / s.name)[-1]["data"]["text/plain"] for s in sources] == [["'one'"], ["'two'"]]
