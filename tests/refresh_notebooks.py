"""Runs the notebooks of this checkout on its sample and keeps the outputs that the tests hold later runs against.

Kept are an output's block and its text: what the report is made of. Pictures, HTML and the drawing for JupyterLab follow
from them and would only make the files large. Use: python -m tests.refresh_notebooks [NAME ...]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from audit.blocks import MIME
from audit.charts.drawing import UNDRAWN, Chart
from audit.executing import Job, run_all
from tests.functional.sample_db import load_sample

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
KEPT = (MIME, "text/plain")


def stripped(notebook: dict[str, Any]) -> dict[str, Any]:
    """An executed notebook with the kept outputs only."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "data" in output:
                data = output["data"]
                if UNDRAWN in data:
                    data = {MIME: Chart(**data[UNDRAWN]).block, "text/plain": data["text/plain"]}
                output["data"] = {kind: data[kind] for kind in KEPT if kind in data}
                output["metadata"] = {}
    return notebook


def executed(db: Path, folder: Path, names: Collection[str] = ()) -> dict[Path, dict[str, Any]]:
    """Each notebook, or those named, as it runs with its own parameters, stripped; executed files go into a folder."""
    wanted = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if not names or path.stem in names]
    jobs = [Job(notebook, folder / notebook.name, {}) for notebook in wanted]
    run_all(jobs, db=db, draw=False)
    return {job.notebook: stripped(json.loads(job.out.read_text("utf-8"))) for job in jobs}


def refresh(names: Collection[str] = ()) -> None:
    """Run each notebook, or those named, with its own parameters and write it back."""
    with tempfile.TemporaryDirectory() as temporary:
        found = executed(load_sample(Path(temporary) / "db"), Path(temporary), names)
    for notebook, ran in found.items():  # all or none
        text = json.dumps(ran, indent=1, ensure_ascii=False, sort_keys=True)  # as nbformat has it
        notebook.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    refresh(sys.argv[1:])
