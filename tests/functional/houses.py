"""Small source folders and databases for the functional tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.policy import Policy, load_policy
from audit.sources.load import LoadReport, load
from audit.statutes import load_law

POLICY = Path(__file__).parents[2] / "audit" / "checks" / "policy.toml"


def policy() -> Policy:
    return load_policy(POLICY, load_law())


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A source folder with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def loaded(tmp_path: Path, files: Mapping[str, str | bytes]) -> tuple[Path, LoadReport]:
    """A database loaded from these files."""
    db = tmp_path / "db"
    return db, load(db, [write(tmp_path / "source", files)], policy())
