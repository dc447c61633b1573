"""Planted faults: a case says what is put into the data and what the checks must find; it knows of no check's SQL."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from audit.contract import Contract
from audit.errors import AuditError
from audit.sample.plan import Plan, Window
from audit.sample.work import insert
from audit.store import Connection

# A day counted from the case's own, with or without a time of day: T, T-30, T+2 09:15.
_RELATIVE = re.compile(r"T([+-]\d+)?(?: (\d\d:\d\d))?")
Row = dict[str, str | None]


@dataclass(frozen=True, order=True)
class Finding:
    """An item that a check must report: outcome ``violation``, ``waived`` or ``undetermined``, for a reason."""

    check: str
    item_table: str
    item_key: str
    outcome: str
    reason: str


def plant(con: Connection, plan: Plan, window: Window, contracts: Mapping[str, Contract]) -> tuple[Finding, ...]:
    """Put the rows of all cases into ``out`` and give what the checks must find in the window's last full quarter.

    The findings are those the cases state, as of that quarter's end; no check is asked.

    Raises:
        AuditError: a case names a template that is not there.
    """
    found: set[Finding] = set()
    documents = plan.documents("cases")
    templates = documents.pop("templates")
    number = 0
    for document in documents.values():
        alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)  # by their table and columns
        for data in document.get("case", []):
            number += 1
            case = _Case(number, data, templates, plan.settings["keys"], window, contracts)
            for table, row in case.rows():
                alike[table, *row].append(row)
            found.update(case.findings())
        for (table, *_), rows in alike.items():
            insert(con, table, rows)
        for silence in document.get("silence", []):
            found.update(_silence(con, silence, window, contracts[silence["table"]]))
    return tuple(sorted(found))


@dataclass(frozen=True)
class _Case:
    """One case of a cases file.

    ``data`` has ``dates``, the days it happens on; ``rows`` by table, for each of them; ``once``, rows by table that do
    not repeat; and ``findings``. ``keys`` says how the keys of a table's planted rows begin.
    """

    number: int
    data: dict[str, Any]
    templates: dict[str, Any]
    keys: dict[str, str]
    window: Window
    contracts: Mapping[str, Contract]

    def instances(self) -> list[tuple[date, dict[str, str]]]:
        """The days within the window, each with what stands for the braces in the case's texts."""
        days = [date.fromisoformat(self.window.moved(str(d))) for d in self.data["dates"]]
        within = [d for d in days if self.window.start <= d < self.window.end]
        return [(day, self._names(place)) for place, day in enumerate(within, 1)]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """All rows of the case, with their table."""
        for place, (day, names) in enumerate(self.instances()):
            for part in ("rows", "once") if place == 0 else ("rows",):
                for table, specs in self.data.get(part, {}).items():
                    for spec in self._keyed(table, specs, names):
                        yield table, {k: self._value(str(v), names, day) for k, v in spec.items()}

    def findings(self) -> Iterator[Finding]:
        """What must be found: of a day in the last full quarter, and of earlier ones what is ``lasting``."""
        for day, names in self.instances():
            for finding in self.data["findings"]:
                if day < self.window.until and (self.window.quarter <= day or finding.get("lasting")):
                    table = finding["table"]
                    key = finding.get("key", f"{{{table}_1}}").format_map(names)
                    yield Finding(finding["check"], table, key, finding["outcome"], finding["reason"])

    def _names(self, place: int) -> dict[str, str]:
        """A number of its own, a person, a visitor, and the keys of the rows as ``<table>_<place>``."""
        n = f"{self.number:03d}{place:02d}"
        keys = {
            f"{table}_{i}": f"{self.keys[table]}9{n}{i}"
            for table, specs in self.data.get("rows", {}).items()
            if table in self.keys
            for i in range(1, len(specs) + 1)
        }
        return {"n": n, "s": f"S-9{n}0", "v": f"V-9{n}0", **keys}

    def _keyed(self, table: str, specs: list[dict[str, Any]], names: dict[str, str]) -> Iterator[dict[str, Any]]:
        """The rows as written, on top of the rows of their templates, and with a key where the table wants one."""
        for place, spec in enumerate(specs, 1):
            key = {self.contracts[table].key[0]: names[f"{table}_{place}"]} if table in self.keys else {}
            for like in self._likes(table, spec.get("like")):
                yield like | key | {k: v for k, v in spec.items() if k != "like"}

    def _likes(self, table: str, name: str | None) -> list[dict[str, Any]]:
        """The rows a template makes: one, or a list of them."""
        if name is None:
            return [{}]
        try:
            found = self.templates[table][name]
        except KeyError:
            raise AuditError(f"no template {name} of {table}", file="cases/templates.toml") from None
        return found if isinstance(found, list) else [found]

    def _value(self, text: str, names: Mapping[str, str], day: date) -> str | None:
        match = _RELATIVE.fullmatch(text)
        if not match:
            return self.window.moved(text.format_map(names)) or None
        then = day + timedelta(days=int(match[1] or 0))
        return f"{then}T{match[2]}" if match[2] else str(then)


def _silence(con: Connection, silence: dict[str, Any], window: Window, contract: Contract) -> Iterator[Finding]:
    """Take a system's rows away for some days."""
    system = silence["system"]
    first, until = (date.fromisoformat(window.moved(str(silence[k]))) for k in ("from", "until"))
    at = f'"{contract.instant}"'
    where = f"system_id = ? and {at} >= ? and {at} < ?"
    con.execute(f"delete from out.{contract.table} where {where}", [system, first, until])
    if window.quarter <= first < window.until:
        yield Finding("log_coverage", contract.table, system, "violation", "silent_source")
