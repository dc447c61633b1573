"""A query's rows as an analyst holds them: shown as a table, narrowed and sorted, and given to pandas or Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from importlib import import_module
from typing import Any, overload

from audit.analyst import given, grid
from audit.errors import AuditError, UsageError, nearest
from audit.snapshot import ident, literal
from audit.store import Connection
from audit.words import Words

SHOWN = 20
"""Rows that a cell shows."""
_KEYS = 'a row as frame[0], rows as frame[:5], a column as frame["name"], columns as frame[["a", "b"]]'
_LAB = "Install it: pip install 'audit-workbench[lab]'"


class Frame:
    """The rows of a query, read when they are looked at.

    Each reading asks the database anew, in the same order; ``page`` and ``head`` read only what they give. It speaks
    Arrow's stream interface, so that polars, altair and others take it as it is, without a copy.

    >>> wb = audit.open()
    >>> systems = wb.sql("SELECT system_id, name FROM core.systems ORDER BY system_id")
    >>> len(systems), systems.columns
    (8, ('system_id', 'name'))
    >>> systems[0]["system_id"]
    'benify'
    >>> len(systems.where(system_id=["intercom", "website"]))
    2
    >>> systems[["name"]][1:3]["name"]
    ['Intercom', 'Request mailbox']

    Attributes:
        title: what it holds, in words; may be empty.
        kinds: of a column how its values are read, where its SQL type does not say: percent, points or status.
    """

    def __init__(
        self,
        relation: Any,
        words: Words,
        *,
        title: str = "",
        kinds: Mapping[str, str] | None = None,
        note: str = "",
        shown: int = SHOWN,
    ) -> None:
        self._relation, self._words, self._note, self._shown = relation, words, note, shown
        self.title, self.kinds = title, dict(kinds or {})

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._relation.columns)

    @property
    def types(self) -> dict[str, str]:
        """The columns' SQL types by name."""
        return dict(zip(self.columns, map(str, self._relation.types), strict=True))

    def __len__(self) -> int:
        return self._count

    @cached_property
    @given.asking()
    def _count(self) -> int:
        return int(self._relation.aggregate("count(*)").fetchall()[0][0])

    @given.asking()
    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._dicts(self._relation.fetchall()))

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: slice | list[str] | tuple[str, ...]) -> Frame: ...
    @given.asking()
    def __getitem__(self, key: Any) -> dict[str, Any] | list[Any] | Frame:
        """A row by its place, a column's values by its name; several of either as a frame.

        Raises:
            IndexError: no such row.
            UsageError: no such column, or neither places nor names.
        """
        if isinstance(key, str):
            return [row[0] for row in self._relation.project(self._column(key)).fetchall()]
        if isinstance(key, list | tuple) and key and all(isinstance(name, str) for name in key):
            return self._made(self._relation.project(", ".join(map(self._column, key))))
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            return self._made(self._relation.limit(max(stop - start, 0), start))
        if not isinstance(key, int):
            raise UsageError("neither a row nor a column", column="frame", expected=_KEYS)
        place = key if key >= 0 else len(self) + key
        rows = self.page(place, 1) if place >= 0 else []
        if not rows:
            raise IndexError(f"no such row: there are {len(self)}")
        return rows[0]

    def __getattr__(self, name: str) -> Any:
        raise given.no_name(self, name, () if name.startswith("_") else self.columns, 'frame["{}"]')

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.columns)

    @given.asking()
    def page(self, offset: int, limit: int = SHOWN) -> list[dict[str, Any]]:
        """Some rows, from a place counted from 0, as dictionaries."""
        return self._dicts(self._relation.limit(_number(limit, "limit"), _number(offset, "offset")).fetchall())

    @given.asking()
    def head(self, n: int = SHOWN) -> Frame:
        """The first rows.

        Raises:
            UsageError: no number, or one below nought.
        """
        return self._made(self._relation.limit(_number(n, "n")))

    @given.asking()
    def where(self, *unnamed: Any, **wanted: Any) -> Frame:
        """The rows whose columns have these values: a value, a list of any of which, or None for no value.

        Raises:
            UsageError: no such column, none named, or a value that is none of the column's type.
        """
        if unnamed:
            raise UsageError(
                "no column is named", column="where", expected='where(reason="withdrawn"); else wb.sql("…")'
            )
        conditions = [_condition(self._column(name), value) for name, value in wanted.items()]
        return self._made(self._relation.filter(" AND ".join(conditions))) if conditions else self

    @given.asking()
    def search(self, text: str) -> Frame:
        """The rows that have a text anywhere, in capitals or not: in all rows, not only in those shown.

        >>> wb = audit.open()
        >>> findings = wb["consent_coverage"].findings
        >>> {row["reason"] for row in findings.search("Withdrawn")}
        {'withdrawn'}
        """
        wanted = literal(str(text).lower())
        columns = (f"contains(lower(CAST({ident(c)} AS VARCHAR)), {wanted})" for c in self.columns)
        return self._made(self._relation.filter(" OR ".join(columns)))

    @given.asking()
    def sort(self, *columns: str, descending: bool = False) -> Frame:
        """The rows by these columns, those without a value last; others stay in their order only by chance.

        Raises:
            UsageError: no such column, or none.
        """
        if not columns:
            raise UsageError("no column to sort by", column="sort", expected=f"one of {', '.join(self.columns)}")
        way = "DESC" if descending else "ASC"
        return self._made(self._relation.order(", ".join(f"{self._column(c)} {way} NULLS LAST" for c in columns)))

    @given.asking()
    def df(self) -> Any:
        """A pandas DataFrame; decimals become floats.

        Raises:
            AuditError: pandas is not installed.
        """
        _needs("pandas")
        return self._relation.df()

    @given.asking()
    def arrow(self) -> Any:
        """A pyarrow Table, without copying the values.

        Raises:
            AuditError: pyarrow is not installed.
        """
        _needs("pyarrow")
        return self._relation.to_arrow_table()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self._relation.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        rows, note = self._first()
        return grid.text(self._kinds(), rows, self._words, title=self.title, note=note)

    def _repr_html_(self) -> str:
        rows, note = self._first()
        return grid.html(self._kinds(), rows, self._words, title=self.title, note=note)

    def _kinds(self) -> dict[str, str]:
        return self.types | {name: kind for name, kind in self.kinds.items() if name in self.columns}

    def _first(self) -> tuple[list[dict[str, Any]], str]:
        """The rows that are shown, and what is said of the others."""
        rows = self.page(0, self._shown + 1)
        if not rows:
            return [], self._words.say("analyst.frame.none")
        more = self._words.say("analyst.frame.more", shown=self._shown, n=len(self)) if len(rows) > self._shown else ""
        return rows[: self._shown], " ".join(filter(None, (more, self._note)))

    def _dicts(self, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in rows]

    def _column(self, name: str) -> str:
        if name not in self.columns:
            raise UsageError("no such column", column=name, expected=nearest(name, self.columns))
        return ident(name)

    def _made(self, relation: Any) -> Frame:
        return Frame(relation, self._words, title=self.title, kinds=self.kinds, note=self._note, shown=self._shown)


def of_rows(
    con: Connection, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], words: Words, **more: Any
) -> Frame:
    """A frame of rows at hand; columns are name -> SQL type, ``more`` as Frame has it."""
    marks = ", ".join(f"unnest(CAST(${i} AS {t}[])) AS {ident(n)}" for i, (n, t) in enumerate(columns.items(), start=1))
    values = [[row[i] for row in rows] for i in range(len(columns))]
    return Frame(con.sql(f"SELECT {marks}", params=values), words, **more)


def of_dicts(con: Connection, rows: Sequence[Mapping[str, Any]], words: Words, title: str) -> Frame:
    """A frame of rows by name, one at the least; the types are those of their first values."""
    columns = {name: _sql_type([row[name] for row in rows]) for name in rows[0]}
    moments = {name: "moment" for name, kind in columns.items() if name.endswith("_at") and kind == "VARCHAR"}
    return of_rows(con, columns, [list(row.values()) for row in rows], words, title=title, kinds=moments)


def _sql_type(values: list[Any]) -> str:
    kind = next((type(v) for v in values if v is not None), str)
    return {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", list: "VARCHAR[]"}.get(kind, "VARCHAR")


def _number(value: Any, column: str) -> int:
    if not isinstance(value, int) or value < 0:
        raise UsageError("not a number of rows", column=column, expected="0, 1, 2, ...")
    return value


def _condition(column: str, value: Any) -> str:
    if isinstance(value, list | tuple | set):
        return "(" + (" OR ".join(_condition(column, v) for v in value) or "false") + ")"
    return f"{column} IS NULL" if value is None else f"{column} = {_literal(value)}"


def _literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    return literal(value.isoformat() if isinstance(value, date | datetime) else str(value))


def _needs(module: str) -> None:
    try:
        import_module(module)
    except ImportError:
        raise AuditError(f"{module} is not installed", fix=_LAB) from None
