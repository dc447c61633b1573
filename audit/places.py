"""Where the folders shipped with the package lie: beside it in a checkout, inside it when it is installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = {"notebooks": _PACKAGE / "_notebooks", "mira": _PACKAGE / "samples" / "mira"}
_CHECKOUT = {"notebooks": _PACKAGE.parent / "notebooks", "mira": _PACKAGE.parent / "data" / "mira"}

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
