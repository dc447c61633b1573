"""Findings for a table to look through: all of them, or of many the worst of every kind."""

from __future__ import annotations

from typing import Any

from audit.judge import rows
from audit.outputs import worst_first
from audit.results import DIMENSIONS, FINDING_COLUMNS
from audit.run import Workbench

LIMIT = 2000
"""As many a browser filters without being felt to wait."""

_MORE = tuple(d for d in DIMENSIONS if d not in FINDING_COLUMNS)


def listed(workbench: Workbench, check: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """The findings of a check that was run, the worst first, with system, purpose, kind and month.

    Where there are more than ``limit``, the worst of each month, system and reason, and as many of each as there is
    room for: whoever chooses among them finds some.
    """
    judged = workbench.judged(check)
    if judged is None:
        return []
    alike = "PARTITION BY outcome, reason, system_id, month ORDER BY amount DESC NULLS LAST, item_table, item_key"
    few = f"""
        (FROM {judged} WHERE outcome IN ('violation', 'waived', 'undetermined')
        ORDER BY row_number() OVER ({alike}), outcome, reason, system_id, month LIMIT {int(limit)})
    """
    return rows(workbench.con, worst_first(few, *_MORE))
