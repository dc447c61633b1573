"""What a notebook shows for drilling down: bars to click on, and the findings that are chosen with them."""

from __future__ import annotations

from typing import Any

from audit import charts
from audit.display import Page
from audit.listed import listed


def drill(page: Page, check: str, *, side: str | None = None) -> Any:
    """A check's findings by month, system and reason at once; nothing where nothing was judged.

    Args:
        page: of the notebook, with its workbench.
        check: one that the page ran.
        side: another dimension than the system: client_id, kind, purpose or role.
    """
    result = page.results[check]
    if not result.lists_items:  # the external edition shows no person's row
        return page.main_chart(check)
    assert page.workbench is not None
    return page.chart(charts.drill, check, listed=listed(page.workbench, check), side=side)
