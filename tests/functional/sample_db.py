"""A database of the sample that the checkout carries."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.places import shipped
from audit.policy import load_policy
from audit.sources.load import load
from audit.statutes import load_law


def load_sample(db: Path) -> Path:
    """Load data/mira into a new database: once in each process of the tests, then copied."""
    db.parent.mkdir(parents=True, exist_ok=True)
    return shutil.copytree(_loaded(), db)


@cache
def _loaded() -> Path:
    """The sample as it was loaded, for as long as the process lives."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    policy = load_policy(shipped("mira") / "policy.toml", load_law())
    load(Path(folder.name) / "db", [shipped("mira")], policy)
    return Path(folder.name) / "db"
