"""The analyst's own copies of the shipped notebooks: without figures, renewed with the package, changes never lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.places import shipped

_MARK = "audit_copied_from"  # in a copy's metadata: what the shipped notebook said then


def lay_out(folder: Path) -> list[str]:
    """Copy the shipped notebooks into a folder, without outputs: those show other data.

    One that somebody changed there stays as it is; one that was only run is renewed when the package has a newer one.

    Args:
        folder: where the analyst works; made where it is not there.

    Returns:
        The names of the changed copies that the package has a newer notebook for.

    Raises:
        AuditError: the folder cannot be written.
    """
    behind = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(shipped("notebooks").glob("*.ipynb")):
            place, notebook = folder / source.name, json.loads(source.read_text("utf-8"))
            now, origin = _said(notebook), _origin(place)
            if not place.exists() or (is_a_copy(place) and origin != now):
                write(_blank(notebook, now), place)
            elif origin not in (None, now):
                behind.append(source.stem)
    except OSError as error:
        raise AuditError(
            f"cannot be written: {error.strerror}", file=folder, fix="Name another place with --notebooks."
        ) from None
    return behind


def is_a_copy(place: Path) -> bool:
    """Whether a notebook is a copy that nobody has changed; running it is no change."""
    try:
        return _origin(place) == _said(json.loads(place.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write(notebook: dict[str, Any], place: Path) -> None:
    """Put a notebook in its place, whole or not at all."""
    draft = place.with_name(place.name + ".tmp")
    draft.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(place)


def _blank(notebook: dict[str, Any], said: str) -> dict[str, Any]:
    """A notebook as before its first run, marked with what it is a copy of."""
    cells = [c | {"outputs": [], "execution_count": None} if "outputs" in c else c for c in notebook["cells"]]
    return notebook | {"cells": cells, "metadata": notebook["metadata"] | {_MARK: said}}


def _said(notebook: dict[str, Any]) -> str:
    """The hash of what a notebook says and does, whatever its outputs."""
    cells = [(c["cell_type"], "".join(c["source"])) for c in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _origin(place: Path) -> str | None:
    """What a copy was made from; None where it is none, or cannot be read."""
    try:
        found: str | None = json.loads(place.read_text("utf-8"))["metadata"].get(_MARK)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found
