"""An item of a check, and the facts about it that had happened as of the instant that is asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import MINYEAR, date, datetime
from typing import Any

from audit.asked import Asked
from audit.catalog import Check
from audit.judge import rows
from audit.policy import Policy
from audit.snapshot import literal
from audit.store import Connection


@dataclass(frozen=True)
class Known:
    """What is known of an item: ``item`` is its row as the check judged it, ``row`` its own where it is at hand.

    ``read`` keeps the rows that were read; several items may share it, so that rules are read once for all of them.
    """

    con: Connection
    check: Check
    asked: Asked
    policy: Policy
    item: dict[str, Any]
    row: dict[str, Any] | None = None
    read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def rows(self, table: str, where: str = "true") -> list[dict[str, Any]]:
        """Rows of core, dates and instants as ISO text."""
        sql = f"SELECT * FROM core.{table} WHERE {where}"
        if sql not in self.read:
            self.read[sql] = rows(self.con, sql)
        return self.read[sql]

    def own(self) -> dict[str, Any]:
        """The item's own row; its instants in the organisation's zone, None where they had not come."""
        row = self.row or self.rows(self.check.unit, f'"{self.check.key}" = {literal(self.item["item"])}')[0]
        return {name: self.instant(value) if name.endswith("_at") else value for name, value in row.items()}

    def instant(self, text: str | None) -> datetime | None:
        """An instant before as_of, in the organisation's zone; None for a later one."""
        if text is None or text.find("-") > len("9999"):  # in the year 10000: an end that never comes
            return None
        at = datetime.fromisoformat(text)
        if at.year > MINYEAR:  # the first hours that there are may lie in no year of UTC
            at = at.astimezone(self.policy.zone)
        return at if at < self.asked.as_of else None

    def day(self, text: str | None) -> date | None:
        """A day up to the as-of date; None for a later one."""
        day = date.fromisoformat(text) if text else None
        return day if day and day <= self.asked.as_of_on else None
