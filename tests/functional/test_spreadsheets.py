"""Registers as people keep them: titles, merged and hidden cells, real dates, formulas, errors, several sheets."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from audit.cli import main
from audit.errors import AuditError
from audit.run import open_workbench
from audit.sources.load import LoadReport
from tests.functional.houses import loaded

HEADER = ["contract_id", "client_id", "contract_start", "contract_end", "modules", "breach_notice", "client_name"]

# A spreadsheet knows no zone.
MIDNIGHT = datetime(2025, 1, 1)  # noqa: DTZ001
NINE = datetime(2025, 1, 1, 9)  # noqa: DTZ001
NEARLY = datetime(2026, 1, 1, 8, 59, 59, 999999)  # noqa: DTZ001


def sheet_of(*rows: list[object]) -> tuple[openpyxl.Workbook, Worksheet]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Avtal"
    for row in rows:
        sheet.append(row)
    return book, sheet


def load_book(tmp_path: Path, book: openpyxl.Workbook) -> tuple[Path, LoadReport]:
    data = io.BytesIO()
    book.save(data)
    return loaded(tmp_path, {"contracts.xlsx": data.getvalue()})


def rows(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute(sql).fetchall()


def contracts(db: Path, *columns: str) -> list[tuple[object, ...]]:
    return rows(db, f"SELECT {', '.join(columns)} FROM core.contracts ORDER BY contract_id")


def rejected(db: Path) -> list[tuple[object, ...]]:
    return rows(db, "SELECT file, line, column_name, reason FROM raw.rejected_rows ORDER BY line")


def test_the_header_is_found_below_titles(tmp_path):
    title, blank = ["Register of contracts 2026"], []
    book, sheet = sheet_of(
        title, blank, ["Kept by", "legal"], HEADER, ["K1", "C1", date(2025, 1, 1)], ["K2", "C2", "soon"]
    )
    sheet.merge_cells("A1:G1")
    sheet.merge_cells("A2:A3")
    db, _ = load_book(tmp_path, book)
    assert contracts(db, "contract_id", "contract_start") == [("K1", date(2025, 1, 1))]
    assert rejected(db) == [("contracts.xlsx", 6, "contract_start", "unparsable")]
    with open_workbench(db, "2026Q3") as wb:
        assert wb.con.execute("SELECT first_line FROM raw.files").fetchall() == [(5,)]


def test_values_as_a_spreadsheet_has_them(tmp_path):
    book, _ = sheet_of(
        HEADER,
        [" K1 ", 7.0, MIDNIGHT, date(2026, 1, 1), "mail; events ; ", timedelta(hours=24), "  "],
        [2, True, "2025-01-01", None, None, timedelta(minutes=90), None],
        [None, None, None, None, None, None, "   "],
        ["K3", "C3", NINE, None, None, None, None],
        ["K4", "C4", time(9, 0), None, None, None, None],
        ["K5", "C5", 0.25, None, None, None, None],
        [None] * 7,
    )
    db, report = load_book(tmp_path, book)
    assert contracts(db, *HEADER[:2], *HEADER[3:]) == [
        ("2", "true", None, None, "PT1H1800S", None),
        ("K1", "7", date(2026, 1, 1), ["mail", "events"], "PT24H", None),
    ]
    assert rejected(db) == [("contracts.xlsx", n, "contract_start", "unparsable") for n in (5, 6, 7)]
    assert report.tables[0]["read"] == 5


def test_an_instant_is_whole_though_days_are_fractions(tmp_path):
    book, _ = sheet_of(["actor_id", "system_id", "granted_from"], ["A", "crm", NEARLY])
    data = io.BytesIO()
    book.save(data)
    db, _ = loaded(tmp_path, {"access_grants.xlsx": data.getvalue()})
    assert rows(db, "SELECT CAST(granted_from AS VARCHAR) FROM core.access_grants") == [("2026-01-01 09:00:00+01",)]


def test_what_is_hidden_is_read_and_said(tmp_path):
    book, sheet = sheet_of(
        HEADER, ["K1", "C1", date(2025, 1, 1)], ["K2", "C2", date(2025, 1, 1), None, None, None, "Ltd"]
    )
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["G"].hidden = True
    book.create_sheet("Notes").append(["see", "also"])
    book.create_sheet("Empty")
    db, report = load_book(tmp_path, book)
    assert contracts(db, "contract_id", "client_name") == [("K1", None), ("K2", "Ltd")]
    assert report.messages == [
        "contracts.xlsx, sheet Avtal: 1 hidden rows and 1 hidden columns were read too",
        "contracts.xlsx, sheet Notes: left out, only the first sheet is read",
    ]


def test_a_hidden_first_sheet_is_not_the_first(tmp_path):
    book, sheet = sheet_of(["lists"])
    sheet.sheet_state = "hidden"
    register = book.create_sheet("Register")
    register.append(HEADER)
    register.append(["K1", "C1", date(2025, 1, 1)])
    db, _ = load_book(tmp_path, book)
    assert contracts(db, "contract_id") == [("K1",)]


def test_an_error_of_a_formula_refuses_its_row(tmp_path, capsys):
    book, sheet = sheet_of(
        HEADER, ["K1", "#N/A", date(2025, 1, 1)], ["K2", "C2", date(2025, 1, 1)], ["#REF!", "C3", "#N/A"]
    )
    assert sheet["B2"].data_type == "e"
    db, report = load_book(tmp_path, book)
    assert contracts(db, "contract_id") == [("K2",)]
    assert rejected(db) == [
        ("contracts.xlsx", 2, "client_id", "unparsable"),
        ("contracts.xlsx", 4, "contract_start", "unparsable"),
    ]
    assert report.tables[0] | {"read": 3, "accepted": 1, "rejected": 2} == report.tables[0]
    out = tmp_path / "contracts.csv"
    assert main(["rejected", "--db", str(db), "--out", str(out), "--quiet"]) == 0
    assert out.read_text().splitlines()[1].startswith("K1,#N/A,,2025-01-01")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda s: s.__setitem__("C2", "=A1"),
            ["sheet Avtal:2: contract_start (column C)", "formula without its value"],
        ),
        (lambda s: s.merge_cells("B2:B3"), ["sheet Avtal:3: client_id (column B)", "merged"]),
        (lambda s: s.__setitem__("B1", "customer"), ["sheet Avtal:1: client_id", "Rows 1 to 3 were searched"]),
        (lambda s: s.__setitem__("G1", "client_id"), ["sheet Avtal:1: column G: two columns"]),
        (lambda s: s.delete_rows(1, 9), ["sheet Avtal: the sheet is empty"]),
    ],
)
def test_what_cannot_be_read_is_named_by_sheet_row_and_column(tmp_path, change, words):
    book, sheet = sheet_of(HEADER, ["K1", "C1", date(2025, 1, 1)], ["K2", "C2", date(2025, 1, 1)])
    change(sheet)
    with pytest.raises(AuditError) as error:
        load_book(tmp_path, book)
    assert str(error.value).startswith("contracts.xlsx, ")
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_column_without_a_name_goes_by_its_letter(tmp_path):
    book, sheet = sheet_of([*HEADER, None, None], ["K1", "C1", date(2025, 1, 1)])
    sheet["I2"] = "remark"
    _, report = load_book(tmp_path, book)
    assert report.messages == ["contracts.xlsx: columns kept out: (column I)"]


def test_a_broken_workbook_is_named(tmp_path):
    book, _ = sheet_of(HEADER, ["K1", "C1", date(2025, 1, 1)])
    data = io.BytesIO()
    book.save(data)
    for broken in (data.getvalue()[:-200], b"\xd0\xcf\x11\xe0" + bytes(600), zipped("xl/workbook.xml", "<a>")):
        with pytest.raises(AuditError, match=r"contracts.xlsx: not a readable workbook"):
            loaded(tmp_path, {"contracts.xlsx": broken})


def zipped(name: str, text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    return data.getvalue()


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path):
    with pytest.raises(AuditError, match="too large for a spreadsheet"):
        loaded(tmp_path, {"contracts.xlsx": zipped("xl/worksheets/sheet1.xml", "0" * (1 << 29) + "0")})
