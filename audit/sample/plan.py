"""The plan of a synthetic organisation, read from its folder, and the window of time it is made for."""

from __future__ import annotations

import csv
import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from audit.duration import add_months
from audit.errors import UsageError

Rows = list[dict[str, str | None]]
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)?")


@dataclass(frozen=True)
class Plan:
    """An organisation's folder: ``settings`` are its sample.toml, ``zone`` is that of its policy."""

    folder: Traversable
    settings: dict[str, Any]
    zone: str

    @classmethod
    def load(cls, name: str) -> Plan:
        """The plan shipped under a name."""
        folder = files("audit") / "samples" / name
        settings = tomllib.loads((folder / "sample.toml").read_text("utf-8"))
        policy = tomllib.loads((folder / "policy.toml").read_text("utf-8"))
        return cls(folder, settings, policy["organisation"]["zone"])

    def tables(self, kind: str) -> dict[str, Rows]:
        """The CSV files of a subfolder, by name; an empty field is None."""
        found = sorted((self.folder / kind).iterdir(), key=lambda f: f.name)
        return {f.name.removesuffix(".csv"): _rows(f) for f in found if f.name.endswith(".csv")}

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """The TOML files of a subfolder, by name."""
        found = sorted((self.folder / kind).iterdir(), key=lambda f: f.name)
        return {
            f.name.removesuffix(".toml"): tomllib.loads(f.read_text("utf-8")) for f in found if f.name.endswith(".toml")
        }

    def least_events(self, window: Window) -> int:
        """As many events as the streams need to be heard of every week."""
        days = (window.end - window.start).days
        return sum((int(row["least_a_year"] or 0) * days + 364) // 365 for row in self.tables("work")["streams"])

    def copy_to(self, folder: Path) -> None:
        """Put the files that belong to the organisation as they are into a folder."""
        for name in self.settings["copies"]:
            (folder / name).write_bytes((self.folder / name).read_bytes())


def _rows(file: Traversable) -> Rows:
    lines = file.read_text("utf-8").splitlines()
    return [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]


@dataclass(frozen=True)
class Window:
    """The days the logs cover, and their last full quarter.

    The plan's dates are written for one quarter; ``months`` is how far they are moved for this window.
    """

    start: date
    end: date
    quarter: date
    months: int

    @classmethod
    def of(cls, start: date, end: date, plan: Plan) -> Window:
        """The window between two days, end exclusive.

        Raises:
            UsageError: it holds no full quarter, or begins before the organisation can be made.
        """
        earliest = plan.settings["earliest_start"]
        if start < earliest:
            raise UsageError("the sample cannot begin that early", column="--start", expected=f"{earliest} or later")
        quarter = _quarter(end)
        if end < add_months(quarter, 3):
            quarter = add_months(quarter, -3)
        if quarter < start:
            raise UsageError("no full quarter between the two days", column="--end")
        year, number = plan.settings["written_for"].split("Q")
        written = date(int(year), 3 * int(number) - 2, 1)
        return cls(start, end, quarter, (quarter.year - written.year) * 12 + quarter.month - written.month)

    @property
    def period(self) -> str:
        """The last full quarter, as 2026Q3."""
        return f"{self.quarter.year}Q{(self.quarter.month + 2) // 3}"

    @property
    def until(self) -> date:
        """The day after the last full quarter."""
        return add_months(self.quarter, 3)

    def moved(self, text: str) -> str:
        """A date or local time of the plan, moved to this window; any other text as it is."""
        match = _DATE.fullmatch(text)
        if not match:
            return text
        return f"{add_months(date.fromisoformat(match[1]), self.months)}{match[2] or ''}"

    def moved_rows(self, rows: Rows) -> Rows:
        """Rows of the plan, moved to this window."""
        return [{k: v if v is None else self.moved(v) for k, v in row.items()} for row in rows]

    def months_of_logs(self) -> list[tuple[date, date]]:
        """The calendar months it touches, each as its first day and the day after its last within the window."""
        found, first = [], self.start
        while first < self.end:
            until = min(add_months(first.replace(day=1), 1), self.end)
            found.append((first, until))
            first = until
        return found


def _quarter(day: date) -> date:
    """The first day of the quarter that the day before it lies in."""
    before = day - timedelta(days=1)
    return date(before.year, (before.month - 1) // 3 * 3 + 1, 1)
