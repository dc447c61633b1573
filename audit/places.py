"""Where the folders shipped with the package lie: beside it in a checkout, inside it when it is installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = {"notebooks": _PACKAGE / "_notebooks", "mira": _PACKAGE / "_mira"}
_CHECKOUT = {"notebooks": _PACKAGE.parent / "notebooks", "mira": _PACKAGE.parent / "data" / "mira"}


def shipped(name: str) -> Path:
    """The folder shipped under a name: ``notebooks``, or ``mira``, the sample organisation.

    Raises:
        KeyError: no such folder is shipped.
    """
    inside = _INSTALLED[name]
    return inside if inside.is_dir() else _CHECKOUT[name]
