"""What the rules are held against: the files of this checkout that belong to the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MADE = {".git", ".venv", "reports", "build", "dist", "__pycache__", "audit.db", ".ipynb_checkpoints"}
_MADE |= {".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"}


def files(*patterns: str, under: str = ".") -> list[Path]:
    """Files of the project whose name matches one of the patterns, sorted."""
    found = {path for pattern in patterns for path in (ROOT / under).rglob(pattern) if path.is_file()}
    return sorted(path for path in found if not _MADE & set(path.relative_to(ROOT).parts))


def name(path: Path) -> str:
    """A file as a test's id."""
    return path.relative_to(ROOT).as_posix()
