"""A database of the sample that the checkout carries."""

from __future__ import annotations

from pathlib import Path

from audit.places import shipped
from audit.policy import load_policy
from audit.sources.load import load
from audit.statutes import load_law


def load_sample(db: Path) -> Path:
    """Load data/mira into a new database."""
    load(db, [shipped("mira")], load_policy(shipped("mira") / "policy.toml", load_law()))
    return db
