"""The analyst's own copies of the shipped notebooks: without figures, renewed with the package, changes never lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.messages import LANGUAGES, SOURCE
from audit.places import shipped

_MARK = "audit_copied_as"  # in a copy's metadata: what it said when it was made


def lay_out(folder: Path, language: str = SOURCE) -> list[str]:
    """Copy the shipped notebooks into a folder, in one language and without outputs: those show other data.

    One that somebody changed there stays as it is; one that was only run is renewed when the package has a newer one,
    or for another language.

    Args:
        folder: where the analyst works; made where it is not there.
        language: whose text they keep.

    Returns:
        The names of the changed copies that the package has a newer notebook for.

    Raises:
        AuditError: the folder cannot be written.
    """
    behind = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(shipped("notebooks").glob("*.ipynb")):
            place, notebook = folder / source.name, _blank(json.loads(source.read_text("utf-8")), language)
            now, origin = _said(notebook), _origin(place)
            if not place.exists() or (is_a_copy(place) and origin != now):
                write(notebook, place)
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


def _blank(notebook: dict[str, Any], language: str) -> dict[str, Any]:
    """A notebook in one language as before its first run, marked with what it says."""
    others = set(LANGUAGES) - {language}
    cells = [
        c | ({"outputs": [], "execution_count": None} if c["cell_type"] == "code" else {})
        for c in notebook["cells"]
        if not others & set(c["metadata"].get("tags", []))
    ]
    for cell in cells:
        if "parameters" in cell["metadata"].get("tags", []):
            parameters = "".join(cell["source"])
            cell["source"] = parameters.replace(f'language: str = "{SOURCE}"', f'language: str = "{language}"')
    blank = notebook | {"cells": cells}
    return blank | {"metadata": notebook["metadata"] | {_MARK: _said(blank)}}


def _said(notebook: dict[str, Any]) -> str:
    """The hash of what a notebook says and does, whatever its outputs."""
    cells = [(c["cell_type"], "".join(c["source"])) for c in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _origin(place: Path) -> str | None:
    """What a copy said when it was made; None where it is none, or cannot be read."""
    try:
        found: str | None = json.loads(place.read_text("utf-8"))["metadata"].get(_MARK)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found
