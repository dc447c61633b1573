"""Runs the notebooks of this checkout on its sample and keeps the outputs that the tests hold later runs against.

Kept are an output's block and its text: what the report is made of. Pictures, HTML and the drawing for JupyterLab follow
from them and would only make the files large. Use: python -m tests.refresh_notebooks
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from audit.blocks import MIME
from audit.notebooks import run
from tests.functional.sample_db import load_sample

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
KEPT = (MIME, "text/plain")


def stripped(text: str) -> str:
    """An executed notebook with the kept outputs only."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = {kind: output["data"][kind] for kind in KEPT if kind in output["data"]}
                output["metadata"] = {}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def refresh() -> None:
    """Run each notebook with its own parameters and write it back."""
    with tempfile.TemporaryDirectory() as temporary:
        db = load_sample(Path(temporary) / "db")
        kept = {}
        for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
            executed = Path(temporary) / notebook.name
            run(notebook, executed, {}, db=db)
            kept[notebook] = stripped(executed.read_text("utf-8"))
    for notebook, text in kept.items():  # all or none
        notebook.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    refresh()
