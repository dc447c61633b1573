"""The outputs that the committed notebooks keep, held against those of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def differences(committed: Path, ran: dict[str, Any]) -> list[str]:
    """The cells whose source or kept outputs differ from a committed notebook's."""
    pairs = zip(_cells(json.loads(committed.read_text("utf-8"))), _cells(ran), strict=True)
    return [f"{committed.stem}, cell {n}: {''.join(a['source'])[:60]}" for n, (a, b) in enumerate(pairs) if a != b]


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands in a notebook's cells, but for the cell with a run's parameters, which shifts the others' numbers."""
    cells = [c for c in notebook["cells"] if "injected-parameters" not in c["metadata"].get("tags", [])]
    return [_uncounted(c) | {"outputs": [_uncounted(o) for o in c.get("outputs", [])]} for c in cells]


def _uncounted(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "execution_count"}
