"""The law as data: ``law/*.toml``, each value dated and with its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from audit.clock import Limit
from audit.duration import HOUR
from audit.errors import UsageError
from audit.strict import Table, TomlFile
from audit.workdays import Calendar

LAW_FOLDER = Path(__file__).parent / "law"
FIRST_YEAR, LAST_YEAR = 1990, 2099  # the days that law.working_days covers
OPEN = date(9999, 12, 31)  # what stands in a column for an end that is not known

SqlTable = tuple[list[tuple[str, str]], list[tuple[Any, ...]]]


class _HasCalendar(Protocol):
    @property
    def calendar(self) -> Calendar: ...


@dataclass(frozen=True)
class Entry:
    """What the law says of a name from one day to another (exclusive; None: still so)."""

    name: str
    source: str
    valid_from: date
    valid_to: date | None = None
    label: str = ""

    @property
    def row(self) -> tuple[date, date, str]:
        """Its dates and its source, as the tables end."""
        return self.valid_from, self.valid_to or OPEN, self.source


@dataclass(frozen=True)
class Law:
    """What ``law/`` holds.

    Attributes:
        limits: time limits, by name and date.
        legal_bases: the legal bases of GDPR 6(1); the label is the article.
        adequacy: adequacy decisions, those annulled included, by country; the label is the decision's name.
        eea: countries to which data passes without being sent to a third country.
        insufficient_reasons: reasons, in lower case, that do not carry an extension of GDPR 12(3), with their source.
        sha256: of each file, by its name.
    """

    limits: tuple[Limit, ...]
    legal_bases: tuple[Entry, ...]
    adequacy: tuple[Entry, ...]
    eea: tuple[Entry, ...]
    insufficient_reasons: Mapping[str, str]
    sha256: Mapping[str, str]

    def limit(self, name: str, on: date) -> Limit:
        """The limit in force on a day.

        Raises:
            UsageError: there was none.
        """
        known = [limit for limit in self.limits if limit.name == name]
        for limit in known:
            if limit.valid_from <= on and (limit.valid_to is None or on < limit.valid_to):
                return limit
        first = min((limit.valid_from for limit in known), default=None)
        expected = f"a day from {first} on" if first else None
        raise UsageError(f"no time limit {name} was in force on {on}", expected=expected)

    def values(self) -> list[dict[str, Any]]:
        """Every limit as a row to print: name, value, unit, valid_from, valid_to (None: in force), source."""
        return [
            {"name": limit.name, **_quantity(limit), "valid_from": limit.valid_from, "valid_to": limit.valid_to,
             "source": limit.source}
            for limit in self.limits
        ]  # fmt: skip

    def tables(self, policy: _HasCalendar) -> dict[str, SqlTable]:
        """The tables of the schema ``law``: of each its columns with their SQL types, and its rows.

        ``law.working_days`` follows from ``law.holidays`` (``sql/derived/working_days.sql``).

        Args:
            policy: the organisation whose calendar says what a working day is.
        """
        valid = [("valid_from", "DATE"), ("valid_to", "DATE"), ("source", "VARCHAR")]
        parts = [("months", "BIGINT"), ("days", "BIGINT"), ("seconds", "BIGINT")]
        return {
            "law.limits": (
                [("name", "VARCHAR"), ("value_iso", "VARCHAR"), *parts, *valid],
                [
                    (x.name, str(x.value), x.value.months, x.value.days, x.value.seconds,
                     x.valid_from, x.valid_to or OPEN, x.source)
                    for x in self.limits
                ],
            ),
            "law.insufficient_reasons": (
                [("reason", "VARCHAR"), ("source", "VARCHAR")],
                list(self.insufficient_reasons.items()),
            ),
            "law.legal_bases": (
                [("legal_basis", "VARCHAR"), ("article", "VARCHAR"), *valid],
                [(x.name, x.label, *x.row) for x in self.legal_bases],
            ),
            "law.adequacy": (
                [("country", "VARCHAR"), ("name", "VARCHAR"), *valid],
                [(x.name, x.label, *x.row) for x in self.adequacy],
            ),
            "law.eea": ([("country", "VARCHAR"), *valid], [(x.name, *x.row) for x in self.eea]),
            "law.holidays": (
                [("day", "DATE"), ("name", "VARCHAR")],
                list(policy.calendar.holidays(FIRST_YEAR, LAST_YEAR)),
            ),
        }  # fmt: skip


def _quantity(limit: Limit) -> dict[str, int | str]:
    value = limit.value
    for number, size, unit in ((value.months, 12, "years"), (value.months, 1, "months"), (value.days, 1, "days")):
        if number and number % size == 0:
            return {"value": number // size, "unit": unit}
    return {"value": value.seconds // HOUR, "unit": "hours"}


def load_law(folder: Path = LAW_FOLDER) -> Law:
    """Read the law from its folder.

    Raises:
        AuditError: a file that cannot be read, an unknown or missing key, a value of a wrong form, an end that is not
            after its start, or dates of one name that overlap; with file and line.
    """
    files = {name: TomlFile(folder / f"{name}.toml") for name in ("time_limits", "legal_bases", "adequacy", "eea")}
    with files["time_limits"].root as root:
        limits = _limits(root.tables("limit"))
        reasons = {}
        for table in root.tables("insufficient_reason"):
            with table:
                reasons[table.text("reason").lower()] = table.text("source")
    return Law(
        limits=limits,
        legal_bases=_entries(files["legal_bases"], "legal_basis", "name", "article"),
        adequacy=_entries(files["adequacy"], "decision", "country", "name"),
        eea=_entries(files["eea"], "member", "country"),
        insufficient_reasons=reasons,
        sha256={f"{name}.toml": file.sha256 for name, file in files.items()},
    )


def _limits(tables: Iterable[Table]) -> tuple[Limit, ...]:
    found: list[tuple[Limit, Table]] = []
    for table in tables:
        with table:
            valid_from, valid_to = _validity(table)
            value = table.duration("value")
            if sum(part > 0 for part in (value.months, value.days, value.seconds)) != 1:
                table.refuse("mixed units", "value", "months, days or hours alone")
            found.append((Limit(table.text("name"), value, table.text("source"), valid_from, valid_to), table))
    _refuse_overlap(found)
    return tuple(limit for limit, _ in found)


def _entries(file: TomlFile, key: str, name: str, label: str | None = None) -> tuple[Entry, ...]:
    found: list[tuple[Entry, Table]] = []
    with file.root as root:
        for table in root.tables(key):
            with table:
                words = table.text(label) if label else ""
                found.append((Entry(table.text(name), table.text("source"), *_validity(table), words), table))
    _refuse_overlap(found)
    return tuple(entry for entry, _ in found)


def _validity(table: Table) -> tuple[date, date | None]:
    valid_from = table.day("valid_from")
    valid_to = table.day("valid_to") if "valid_to" in table else None
    if valid_to and valid_to <= valid_from:
        table.refuse("ends before it starts", "valid_to", "a day after valid_from (the end is exclusive)")
    return valid_from, valid_to


def _refuse_overlap(found: Iterable[tuple[Limit | Entry, Table]]) -> None:
    ordered = sorted(found, key=lambda x: (x[0].name, x[0].valid_from))
    for (earlier, _), (later, table) in pairwise(ordered):
        if earlier.name == later.name and later.valid_from < (earlier.valid_to or OPEN):
            table.refuse(f"the dates of {later.name} overlap", "valid_from", "each end on or before the next start")
