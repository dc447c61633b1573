"""Registers kept as spreadsheets: the first sheet, the header row wherever it stands, and real dates."""

from __future__ import annotations

import csv
import json
import warnings
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from audit.contract import Column, Contract, load_contracts
from audit.errors import AuditError
from audit.sources.files import Source

_LARGEST = 1 << 29  # bytes unpacked: a workbook is held in memory
_BROKEN = (
    BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError, EOFError,
    OSError, RuntimeError, zlib.error,
)  # fmt: skip
_FOUND_BY_FIRST = 100  # rows that are searched for the header: titles above it are few


def put_in_order(source: Source, temporary: Path) -> Source:
    """Write the first sheet as CSV, and remember in which row each record stood; rows without a value are passed over.

    Hidden rows and columns are read as others are: what is hidden, often by a filter, is there.

    Raises:
        AuditError: not a workbook, no header in the first sheet, merged cells below it, or a formula without its value.
    """
    values, formulas = (_open(source, data_only=data_only) for data_only in (True, False))
    contract = load_contracts()[source.table]
    sheet = _Sheet(source, contract, values, formulas)
    shifts: list[tuple[int, int]] = []
    malformed: list[tuple[int, str, str | None]] = []
    record, delta = 0, 0
    with temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(sheet.columns.values())
        for number, row, broken in sheet.records():
            if broken:
                malformed.append((number, json.dumps(row, ensure_ascii=False), f"{broken}|unparsable"))
                continue
            if number - sheet.first_row - record != delta:
                delta = number - sheet.first_row - record
                shifts.append((record, delta))
            writer.writerow(row.values())
            record += 1
    return source.put_in_order(
        read_path=temporary,
        columns=dict.fromkeys(sheet.columns.values(), "VARCHAR"),
        first_line=sheet.first_row,
        shifts=tuple(shifts),
        malformed=tuple(malformed),
        notes=sheet.notes(),
    )


def _open(source: Source, *, data_only: bool) -> Any:
    try:
        with ZipFile(source.path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _LARGEST:
                raise AuditError("too large for a spreadsheet", file=source.name, fix="Export it as CSV.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that hold no values
            book = load_workbook(source.path, data_only=data_only)
        visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return [*visible, *(sheet for sheet in book.worksheets if sheet not in visible)]
    except _BROKEN:
        raise AuditError("not a readable workbook", file=source.name, fix="Save it as .xlsx again.") from None


class _Sheet:
    """The first sheet of a workbook that is not hidden, by its header."""

    def __init__(self, source: Source, contract: Contract, values: Any, formulas: Any) -> None:
        if not values:
            raise AuditError("the workbook has no sheet", file=source.name)
        self._sheet: Worksheet = values[0]
        self._formulas: Worksheet = formulas[0]
        self._others = [sheet for sheet in values[1:] if any(_has_value(row) for row in sheet.iter_rows())]
        self.name, self._file = source.name, f"{source.name}, sheet {self._sheet.title}"
        self._contract: Mapping[str, Column] = {c.name: c for c in contract.columns}
        header = self._header([c.name for c in contract.columns if c.required])
        self.first_row = header + 1
        self.columns = self._names(header)

    def _header(self, required: list[str]) -> int:
        """The first row that holds the names of all required columns."""
        best: tuple[int, list[str]] = (1, required)
        last = min(_FOUND_BY_FIRST, self._sheet.max_row)
        for number, row in enumerate(self._sheet.iter_rows(max_row=last, values_only=True), start=1):
            names = {_name(value) for value in row}
            missing = [name for name in required if name not in names]
            if not missing:
                return number
            if len(missing) < len(best[1]):
                best = number, missing
        if not any(_has_value(row) for row in self._sheet.iter_rows()):
            raise AuditError("the sheet is empty", file=self._file, expected="a header row")
        raise AuditError(
            "a required column is missing",
            file=self._file,
            line=best[0],
            column=best[1][0],
            expected=f"one row with {', '.join(required)}",
            fix=f"Rows 1 to {last} were searched; this one comes nearest.",
        )

    def _names(self, header: int) -> dict[int, str]:
        """The names of the columns by their place; one without a name goes by its letter, if anything stands in it."""
        names: dict[int, str] = {}
        for place, (value,) in enumerate(self._sheet.iter_cols(min_row=header, max_row=header, values_only=True), 1):
            name, letter = _name(value), get_column_letter(place)
            below = self._sheet.iter_cols(min_col=place, max_col=place, min_row=self.first_row, values_only=True)
            if not name and all(cell is None for column in below for cell in column):
                continue
            if name in names.values():
                raise AuditError("two columns have this name", file=self._file, line=header, column=f"column {letter}")
            names[place] = name or f"(column {letter})"
        return names

    def records(self) -> Iterator[tuple[int, dict[str, str], str | None]]:
        """The rows that hold any value: number, texts by column, and a column in which an error of a formula stands."""
        for number, cells in enumerate(self._sheet.iter_rows(min_row=self.first_row), start=self.first_row):
            by_place = {place: cell for place, cell in enumerate(cells, start=1) if place in self.columns}
            row, broken = {}, None
            for place, name in self.columns.items():
                cell = by_place[place]
                self._refuse_unknown(number, place, cell)
                row[name] = _text(cell.value, self._contract.get(name))
                broken = name if isinstance(cell, Cell) and cell.data_type == "e" and name in self._contract else broken
            if any(row.values()):
                yield number, row, broken

    def _refuse_unknown(self, number: int, place: int, cell: Cell | MergedCell) -> None:
        """Refuse a cell whose value the file does not hold."""
        where = f"{self.columns[place]} (column {get_column_letter(place)})"
        if isinstance(cell, MergedCell):
            fix = "Unmerge the cells, and give each its value."
            raise AuditError("merged with another cell", file=self._file, line=number, column=where, fix=fix)
        if cell.value is None and self._formulas.cell(number, place).data_type == "f":
            fix = "Open it in a spreadsheet program and save it, or put values in the place of formulas."
            raise AuditError("a formula without its value", file=self._file, line=number, column=where, fix=fix)

    def notes(self) -> tuple[str, ...]:
        """What a reader of the sheet may not expect."""
        rows = sum(d.hidden for n, d in self._sheet.row_dimensions.items() if n >= self.first_row)
        columns = sum(d.hidden for d in self._sheet.column_dimensions.values())
        said = [f"{self._file}: {rows} hidden rows and {columns} hidden columns were read too"] * bool(rows or columns)
        return (*said, *(f"{self.name}, sheet {s.title}: left out, only the first sheet is read" for s in self._others))


def _has_value(row: tuple[Cell | MergedCell, ...]) -> bool:
    return any(cell.value is not None for cell in row)


def _name(value: object) -> str:
    return "" if value is None else str(value).strip()


def _text(value: object, column: Column | None) -> str:
    """A cell as the contract's text: whole numbers without a point, dates, instants and durations in ISO form."""
    match value:
        case None:
            return ""
        case datetime():
            whole_day = column is not None and column.type == "date" and value.time() == time()
            return value.date().isoformat() if whole_day else value.isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            hours, seconds = divmod(round(value.total_seconds()), 3600)
            return f"PT{hours}H{seconds}S" if seconds else f"PT{hours}H"
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
    return str(value).strip()
