"""Where things lie: the folders shipped with the package, and the database that is opened.

What is shipped lies beside the package in a checkout, inside it when it is installed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = {"notebooks": _PACKAGE / "_notebooks", "mira": _PACKAGE / "samples" / "mira"}
_CHECKOUT = {"notebooks": _PACKAGE.parent / "notebooks", "mira": _PACKAGE.parent / "data" / "mira"}

DEFAULT_DB = Path("data/audit.db")
POLICY = Path("data/mira/policy.toml")
"""The policy file of the organisation whose checks one works on, where no other is named."""


def shipped(name: str) -> Path:
    """The folder shipped under a name: ``notebooks``, or ``mira``, the sample organisation's own files.

    Raises:
        KeyError: no such folder is shipped.
    """
    # Only a built package has the notebooks inside; a folder beside it could then be another package's.
    places = _INSTALLED if _INSTALLED["notebooks"].is_dir() else _CHECKOUT
    return places[name]


def database_of(named: str) -> dict[str, Any]:
    """The database a notebook opens, which of its states, and the policy file to judge by: options of open_workbench.

    A database that is named is opened as it is; else all three are as `audit lab` or the runner says.
    """
    told = {} if named else os.environ
    state, policy = told.get("AUDIT_SNAPSHOT"), told.get("AUDIT_POLICY")
    return {
        "db": Path(named or told.get("AUDIT_DB") or DEFAULT_DB),
        "snapshot": int(state) if state else None,
        "policy": Path(policy) if policy else None,
    }
