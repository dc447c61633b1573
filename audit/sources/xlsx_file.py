"""Registers kept as spreadsheets: the first sheet, its header row, and real dates."""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from audit.contract import load_contracts
from audit.errors import AuditError
from audit.sources.files import Source


def put_in_order(source: Source, temporary: Path) -> Source:
    """Write the sheet as CSV, and remember in which row each record stood. Rows without any value are passed over.

    Raises:
        AuditError: not a workbook, or a sheet without a header.
    """
    try:
        book = load_workbook(source.path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise AuditError("not a readable workbook", file=source.name, fix="Save it as .xlsx again.") from None
    first = next((i for i, row in enumerate(rows) if any(v is not None for v in row)), None)
    if first is None:
        raise AuditError("the sheet is empty", file=source.name, expected="a header row")
    names = [str(v).strip() if v is not None else "" for v in rows[first]]
    dates = {c.name for c in load_contracts()[source.table].columns if c.type == "date"}
    shifts, record, delta = [], 0, 0
    with temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow([n for n in names if n])
        for number, row in enumerate(rows[first + 1 :], start=first + 2):
            cells = [_text(v, name in dates) for name, v in zip(names, row, strict=False) if name]
            if not any(cells):
                continue
            if number - (first + 2) - record != delta:
                delta = number - (first + 2) - record
                shifts.append((record, delta))
            writer.writerow(cells)
            record += 1
    columns = dict.fromkeys((n for n in names if n), "VARCHAR")
    return source.put_in_order(read_path=temporary, columns=columns, first_line=first + 2, shifts=tuple(shifts))


def _text(value: object, is_date: bool) -> str:
    """A cell as the contract's text: whole numbers without a point, dates and instants in ISO form."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        whole_day = is_date and value.time() == time()
        return value.date().isoformat() if whole_day else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
