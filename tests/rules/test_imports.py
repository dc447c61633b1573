"""Imports go only downward, and only one module knows each engine: the contracts stand in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.rules.tree import ROOT


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    env = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_the_layers():
    done = linted(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_upward_is_found(tmp_path):
    for path in (ROOT / "audit").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    with (tmp_path / "audit" / "period.py").open("a") as file:
        file.write("\nimport duckdb\nfrom audit import store\n")
    done = linted(tmp_path)
    assert done.returncode != 0
    assert "audit.period -> audit.store" in done.stdout
    assert "audit.period -> duckdb" in done.stdout
