"""What a table must look like: one TOML file a table in ``contracts/``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from audit.errors import AuditError

Type = Literal[
    "text", "date", "timestamp", "duration", "boolean", "integer", "country", "list", "value_list", "country_list"
]
_SQL_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "duration": "VARCHAR",
    "country": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "list": "VARCHAR[]",
    "value_list": "VARCHAR[]",
    "country_list": "VARCHAR[]",
}
_EXPECTED: Mapping[str, str] = {
    "text": "text",
    "duration": "an ISO 8601 duration such as P24M or PT24H",
    "country": "an ISO 3166 code of two capital letters",
    "date": "an ISO 8601 date such as 2026-07-01",
    "timestamp": "an ISO 8601 instant such as 2026-07-01T09:00:00+02:00, or local time without an offset",
    "boolean": "true or false",
    "integer": "a whole number, not negative",
    "list": "values separated by ;",
    "country_list": "ISO 3166 codes of two capital letters, separated by ;",
}


@dataclass(frozen=True)
class Column:
    """A column: its type and vocabulary, whether it must have a value, and whether it identifies a person.

    Of a timestamp with ``day_may_do`` the core table also says, in ``<name>_is_date``, whether only a day was given:
    a limit counted from a day runs to the end of a day.
    """

    name: str
    meaning: str
    type: Type
    required: bool = False
    values: tuple[str, ...] = ()
    person: bool = False
    day_may_do: bool = False

    @property
    def sql_type(self) -> str:
        """Its type in ``core``."""
        return _SQL_TYPES[self.type]

    @property
    def is_list(self) -> bool:
        return self.sql_type.endswith("[]")

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.values:
            return f"{'any' if self.is_list else 'one'} of {', '.join(self.values)}"
        return _EXPECTED[self.type]


@dataclass(frozen=True)
class Order:
    """An end that must not come before its start.

    With ``day_may_do`` an end that is the first instant of the start's local day stands: so is one of which only the
    day is told.
    """

    start: str
    end: str
    day_may_do: bool = False


@dataclass(frozen=True)
class RequiredWhen:
    """A column that must have a value where another has a certain one."""

    column: str
    when: str
    equals: str


@dataclass(frozen=True)
class Contract:
    """A table's contract.

    ``key`` names the columns that are unique together; without one, only a row that is the same in every column is a
    duplicate. ``corrected_by`` names the columns by which a correction finds the row whose place it takes in a register
    without a key. ``instant`` is the column that dates a log's rows.
    """

    table: str
    kind: Literal["register", "log"]
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Order | RequiredWhen, ...] = ()
    instant: str | None = None
    corrected_by: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell one row from another: the key, or all."""
        return self.key or tuple(c.name for c in self.columns)

    @property
    def core_columns(self) -> dict[str, str]:
        """The columns of its ``core`` table with their SQL types, without the position in the source."""
        typed = {c.name: c.sql_type for c in self.columns}
        return typed | {f"{c.name}_is_date": "BOOLEAN" for c in self.columns if c.day_may_do}


@cache
def load_contracts() -> Mapping[str, Contract]:
    """The contracts of all tables, by name.

    Raises:
        AuditError: a contract file that has an unknown key or type.
    """
    folder = files("audit") / "contracts"
    found = (
        _contract(entry.name, tomllib.loads(entry.read_text("utf-8")))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".toml")
    )
    return {c.table: c for c in found}


def _contract(file: str, data: dict[str, Any]) -> Contract:
    try:
        columns = tuple(
            Column(name, **spec | {"values": tuple(spec.get("values", ()))})
            for name, spec in data.pop("columns").items()
        )
        rules = tuple(_rule(r) for r in data.pop("rules", []))
        key, corrected_by = tuple(data.pop("key")), tuple(data.pop("corrected_by", ()))
        contract = Contract(columns=columns, rules=rules, key=key, corrected_by=corrected_by, **data)
        for column in columns:
            _ = column.sql_type
    except (KeyError, TypeError) as e:
        raise AuditError(f"not a contract: {e}", file=f"contracts/{file}") from None
    return contract


def _rule(data: dict[str, Any]) -> Order | RequiredWhen:
    if "not_before" in data:
        return Order(*data.pop("not_before"), **data)
    return RequiredWhen(data.pop("required"), data.pop("when"), equals=data.pop("is"), **data)
