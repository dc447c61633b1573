"""Rules set otherwise for a what-if: what may be changed, how it is read, and how a connection is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.analyst import given
from audit.contract import Column, load_contracts
from audit.duration import Duration
from audit.errors import AuditError, UsageError, nearest
from audit.policy import Policy, load_policy
from audit.snapshot import ident, literal
from audit.statutes import Law
from audit.store import DERIVED, Connection, as_table, sql_file

EXPIRY = "consents.expire_after"
_RULES = ("deadlines", "incident_targets", "scope", "purposes")
_EVERY = "*"
_FORMS = f"a key of the policy file in {', '.join(_RULES)}; TABLE.KEY.COLUMN of a register; or {EXPIRY}"


@dataclass(frozen=True)
class Cell:
    """A column of a register's row, or of each of its rows where ``key`` is None, and what it holds instead."""

    table: str
    key: str | None
    column: str
    value: Any


@dataclass(frozen=True)
class Changes:
    """Rules that are set otherwise.

    Attributes:
        policy: the organisation's, with the changes in it.
        cells: of registers.
        expiry: after what time a consent runs out that says nothing shorter; None: as it says.
    """

    policy: Policy
    cells: tuple[Cell, ...] = ()
    expiry: Duration | None = None

    @property
    def tables(self) -> set[str]:
        """The tables of core whose rows are other ones, what is derived from them with them."""
        own = {cell.table for cell in self.cells} | ({"consents"} if self.expiry else set())
        return own | {name for name in DERIVED if any(f"core.{t}" in sql_file(f"derived/{name}") for t in own)}


def read_changes(changes: Mapping[str, Any], policy: Policy, law: Law) -> Changes:
    """Read what is to be imagined, by the rules of the policy file and of the registers' contracts.

    Raises:
        UsageError: nothing that can be changed so, or a value that is none.
    """
    rules, cells, expiry = {}, [], None
    for name, value in given.pairs(changes, "changes", f'{{"WHAT": VALUE}}, WHAT being {_FORMS}').items():
        first = name.partition(".")[0]
        if name == EXPIRY:
            expiry = _duration(name, value)
        elif first in _RULES and "." in name:
            rules[tuple(name.split("."))] = value
        elif first in load_contracts():
            cells.append(_cell(name, value))
        else:
            raise UsageError("nothing that can be changed", column=name, expected=_FORMS)
    try:
        imagined = load_policy(policy.path, law, rules) if rules else policy
    except AuditError as error:
        raise UsageError(error.message, column=error.column, expected=error.expected) from None
    return Changes(imagined, tuple(cells), expiry)


def _cell(name: str, value: Any) -> Cell:
    table, _, rest = name.partition(".")
    key, _, column = rest.rpartition(".")
    contract = load_contracts()[table]
    if contract.kind != "register" or len(contract.key) != 1:
        raise UsageError("no register whose rows can be changed", column=name, expected=_FORMS)
    columns = {c.name: c for c in contract.columns if c.name not in contract.key}
    if not key or column not in columns:
        raise UsageError("no such column", column=name, expected=f"{table}.KEY.COLUMN, {nearest(column, columns)}")
    return Cell(table, None if key == _EVERY else key, column, _value(columns[column], value, name))


def _value(column: Column, value: Any, name: str) -> Any:
    """A value as the contract has it."""
    if value is None and not column.required:
        return None
    if column.type == "duration":
        return str(_duration(name, value))
    text: Any = value.isoformat() if isinstance(value, date) else value
    if not _fits(column, text):
        raise UsageError("not a value of this column", column=name, expected=column.expected)
    return text


def _fits(column: Column, value: Any) -> bool:
    kind: Any = {"boolean": bool, "integer": int}.get(column.type, list if column.is_list else str)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return False
    if column.values and not set(value if column.is_list else [value]) <= set(column.values):
        return False
    return column.type != "date" or _is_day(value)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _duration(name: str, value: Any) -> Duration:
    try:
        return value if isinstance(value, Duration) else Duration.parse(str(value))
    except UsageError as error:
        raise UsageError(error.message, column=name, expected=error.expected) from None


def imagine(con: Connection, changes: Changes) -> None:
    """Give a connection, opened under the changed policy and for nothing else, the changed registers and consents.

    Raises:
        UsageError: a register has no row of that key.
    """
    for cell in changes.cells:
        _set(con, cell)
    if changes.expiry:
        con.execute("ALTER VIEW core.consents RENAME TO consents_as_loaded")
        con.execute(f"CREATE VIEW core.consents AS {_expiring(changes.expiry)}")
    for name in DERIVED:
        if name in changes.tables:
            con.execute(f"CREATE OR REPLACE VIEW core.{name} AS {sql_file(f'derived/{name}')}")


def _set(con: Connection, cell: Cell) -> None:
    contract = load_contracts()[cell.table]
    where = "true" if cell.key is None else f"{ident(contract.key[0])} = {literal(cell.key)}"
    if not con.execute(f"SELECT 1 FROM core.{cell.table} WHERE {where} LIMIT 1").fetchall():
        expected = f"a {contract.key[0]} of {cell.table}, or {_EVERY} for every row"
        raise UsageError("no such row", column=f"{cell.table}.{cell.key or _EVERY}", expected=expected)
    as_table(con, cell.table)
    con.execute(f"UPDATE core.{cell.table} SET {ident(cell.column)} = $1 WHERE {where}", [cell.value])


def _expiring(after: Duration) -> str:
    """The consents, those given running out no later than some time after they were given."""
    columns = ", ".join(ident(c) for c in load_contracts()["consents"].core_columns if c != "expires_at")
    end = f"effective_at + INTERVAL '{after.months} months {after.days} days {after.seconds} seconds'"
    return (
        f"SELECT {columns}, CASE WHEN status = 'given' THEN least(coalesce(expires_at, {end}), {end})"
        " ELSE expires_at END AS expires_at, source_id, source_row FROM core.consents_as_loaded"
    )
