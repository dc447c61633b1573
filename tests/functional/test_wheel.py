"""A wheel built from the tree works outside it: law, contracts, checks, sample, notebooks, templates and fonts are inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT), cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> dict[str, str]:
    """The environment in which ``audit`` is the wheel's and its dependencies are this interpreter's."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    run(*pip, str(wheel), cwd=site)
    return os.environ | {"PYTHONPATH": str(site)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def run(*command: str, cwd: Path, env: dict[str, str] | None = None, code: int = 0) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_what_the_package_reads(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = [path for path in (ROOT / "audit").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [p.relative_to(ROOT).as_posix() for p in wanted if p.relative_to(ROOT).as_posix() not in held] == []
    notebooks = {f"audit/_notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks
    assert notebooks <= held
    assert not [name for name in held if "__pycache__" in name or ".ipynb_checkpoints" in name]


def test_the_way_from_nothing_to_the_report(installed, folder):
    def audit(*words: str, code: int = 0) -> str:
        return run(sys.executable, "-m", "audit", *words, cwd=folder, env=installed, code=code)

    where = run(sys.executable, "-c", "import audit; print(audit.__file__)", cwd=folder, env=installed)
    assert Path(where.strip()).is_relative_to(installed["PYTHONPATH"])
    audit("sample", "mine")
    audit("load", "mine")
    assert "consent_coverage" in audit("check", "--period", "2026Q3", code=1)
    assert "What the law asks" in audit("explain", "retention")
    assert "Due: " in audit("due", "breach", "2026-03-28T12:00+01:00")
    audit("report", "--period", "2026Q3", "--report", "requests-report", code=1)
    made = folder / "reports" / "2026Q3-requests-report"
    assert (made / "requests-report.pdf").read_bytes().startswith(b"%PDF-")
    assert (made / "notebooks" / "requests_report.ipynb").is_file()
    audit("verify", str(made))
