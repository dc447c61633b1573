"""A pytest plugin for nbval: compares the outputs that the committed notebooks keep, see tests/refresh_notebooks.py."""

from __future__ import annotations

from typing import Any


def pytest_collectstart(collector: Any) -> None:
    """Leave out of the comparison what is not kept."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("metadata", "text/html", "image/png", "application/vnd.vega.v5+json")
