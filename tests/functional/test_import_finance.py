"""Public exports of Swedish accounting and payroll programs: all of them get in, and nobody by name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.snapshot import read_snapshot
from audit.sources.load import load
from tests.functional.houses import policy, write

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not (DATA / "sie").is_dir() or not (DATA / "paxml").is_dir(),
    reason="the folder of public exports is not beside this checkout",
)

SIE = sorted(p for p in (DATA / "sie").glob("*") if p.suffix.lower() in (".se", ".si"))
PAXML = sorted(p for p in (DATA / "paxml").glob("*") if p.suffix.lower() in (".xml", ".pax"))
SOURCES = """
[[source]]
system = "accounting"
system_id = "mazars"
files = ["sie/*"]
recipient_id = "R-MAZARS"
[[source]]
system = "payroll"
system_id = "mazars"
files = ["paxml/*"]
recipient_id = "R-MAZARS"
"""
KEY = Pseudonyms(b"k" * 32)
# What the folders' notes say of the files; of the others it is counted in their bytes.
VOUCHERS_AND_ROWS = {"BL0001_typ4.SE": (84, 405), "SIE4_Exempelfil_med_underdim.SE": (295, 1330)}
TRANSACTIONS = {
    "Workify_DEMOBOLAGET_TimeRegistrationexport_(5).xml": {"tidtrans": 25, "lonetrans": 3},
    "paxml_salary_1665487846.xml": {"tidtrans": 40, "person": 1},
    "DEMO_-_2022-10-01-2022-10-31.xml": {"tidtrans": 8, "lonetrans": 2, "person": 2},
    "DEMO_-_2022-10-01-2022-10-31_with_BOM.xml": {"tidtrans": 8, "lonetrans": 2, "person": 2},
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A database of all the files, and what was said while they were loaded."""
    folder = tmp_path_factory.mktemp("finance")
    files = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in (*SIE, *PAXML)}
    source = write(folder / "source", {"sources.toml": SOURCES} | files)
    report = load(folder / "db", [source], policy(), pseudonyms=KEY)
    return folder / "db", report


@pytest.fixture(scope="module")
def exports(loaded):
    return {Path(e["path"]).name: e for e in read_snapshot(loaded[0]).exports}


def ask(db, sql):
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute(sql).fetchall()


def test_all_files_get_in_and_nothing_is_refused(loaded, exports):
    _, report = loaded
    assert (len(SIE), len(PAXML)) == (10, 7)
    assert set(exports) == {p.name for p in (*SIE, *PAXML)}
    assert {n: e["refused"] for n, e in exports.items() if e["refused"]} == {}
    assert {t["table"] for t in report.tables} == {"data_records", "processing_events", "subjects", "identities"}
    for t in report.tables:
        assert t["read"] == t["accepted"] + t["duplicate"], t
        assert t["rejected"] == 0


@pytest.mark.parametrize("path", SIE, ids=lambda p: p.name)
def test_every_voucher_balances_and_is_a_record(exports, path):
    labels = Counter(re.findall(rb"^\s*(#\w+)", path.read_bytes(), re.MULTILINE))
    counted = labels.pop(b"#VER", 0), labels[b"#TRANS"]
    assert counted == VOUCHERS_AND_ROWS.get(path.name, counted)
    found = exports[path.name]
    assert (found["rows"].get("data_records", 0), found["aside"].get("#TRANS", 0)) == counted
    # No label is lost: what is no voucher is counted by its kind.
    aside = Counter({kind.split(",")[0].removesuffix(" without days"): count for kind, count in found["aside"].items()})
    assert aside == Counter({label.decode(): count for label, count in labels.items()})


@pytest.mark.parametrize("path", PAXML, ids=lambda p: p.name)
def test_every_transaction_is_a_record(exports, path):
    kinds = ("tidtrans", "lonetrans", "resetrans", "schema", "person")
    counted = {k: n for k in kinds if (n := len(re.findall(rb"<%s " % k.encode(), path.read_bytes())))}
    assert counted == TRANSACTIONS.get(path.name, counted)
    rows = exports[path.name]["rows"]
    assert rows["data_records"] == sum(counted.values())
    assert rows.get("subjects", 0) == counted.get("person", 0)


def test_each_person_of_a_payroll_file_is_disclosed_once(exports):
    persons = {
        p.name: set(
            re.findall(rb"<(?:tidtrans|lonetrans|resetrans|schema) [^>]*?(?:anstid|persnr)=\"(\w+)\"", p.read_bytes())
        )
        for p in PAXML
    }
    assert {name: exports[name]["rows"]["processing_events"] for name in persons} == {
        name: len(found) for name, found in persons.items()
    }


def test_the_same_file_with_another_byte_order_mark_adds_nothing(loaded):
    db, _ = loaded
    files = {
        Path(f["path"]).name: (f["read"], f["accepted"], f["duplicate"])
        for f in read_snapshot(db).files
        if f["table"] == "data_records"
    }
    assert files["DEMO_-_2022-10-01-2022-10-31.xml"] == (12, 12, 0)
    assert files["DEMO_-_2022-10-01-2022-10-31_with_BOM.xml"] == (12, 0, 12)


def test_the_accountants_file_is_disclosed_on_the_day_it_was_made(loaded):
    db, _ = loaded
    found = ask(
        db,
        "SELECT occurred_at::DATE::VARCHAR FROM core.processing_events"
        " WHERE subject_id IS NULL AND operation = 'disclose' AND recipient_id = 'R-MAZARS' ORDER BY 1",
    )
    days = {
        re.search(rb"#GEN\s+(\d{4})(\d\d)(\d\d)", p.read_bytes()).groups() for p in SIE if b"#VER" in p.read_bytes()
    }
    # Two of the files are of one company and day and of one hand: the same disclosure.
    assert {d for (d,) in found} == {b"-".join(d).decode() for d in days}


def test_text_in_another_encoding_than_declared_is_said(loaded):
    _, report = loaded
    foreign = {m.split(":")[0] for m in report.messages if "text in another encoding" in m}
    assert foreign == {"sie/BL0001_typ4.SE", "sie/SIE4_Exempelfil_med_underdim.SE"}


def test_no_text_of_the_files_reaches_the_database(loaded):
    db, _ = loaded
    secrets = {
        word.strip()
        for p in SIE
        for line in p.read_bytes().decode("cp437").splitlines()
        if re.match(r"\s*#(VER|R?B?TRANS|OBJEKT|FNAMN|ADRESS|GEN|PROSA|ORGNR)\b", line)
        for word in re.findall(r'"([^"]{5,})"', line)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", word)  # some texts are a date, which rows have, too
    }
    for p in PAXML:
        text = p.read_bytes().decode("iso-8859-1" if b"8859" in p.read_bytes()[:60] else "utf-8-sig")
        tags = "fornamn|efternamn|postadress|ort|foretagnamn|foretagorgnr|kommentar|info|\\w*telefon|epost\\w+"
        secrets |= {v for _, v in re.findall(rf"<({tags})>([^<]+)<", text)}
        secrets |= set(re.findall(r'persnr="(\w+)"', text)) | set(re.findall(r'namn="([^"]{5,})"', text))
    assert len(secrets) > 500
    tables = ("data_records", "processing_events", "subjects", "identities")
    held = [row for table in tables for (row,) in ask(db, f"SELECT CAST(t AS VARCHAR) FROM core.{table} AS t")]
    assert len(held) > 500
    text = "\n".join(held).lower()
    assert [word for word in secrets if word.lower() in text] == []


def test_the_seven_years_run_from_the_calendar_year_in_which_a_broken_fiscal_year_ended(tmp_path):
    # The file's fiscal year ran from July 2009 to June 2010: to be kept until the end of 2017 (BFL 7:2), whichever
    # of the two years a voucher is of.
    rules = (
        "rule_id,data_category,anchor,period\n"
        "RR-1,bookkeeping,fiscal_year_end,P7Y\n"
        "RR-2,bookkeeping_plus_1y,fiscal_year_end,P8Y\n"
    )
    files = {
        "sources.toml": '[[source]]\nsystem = "accounting"\nfiles = ["*.SE"]\n',
        "retention_rules.csv": rules,
        "BL0001_typ4.SE": (DATA / "sie" / "BL0001_typ4.SE").read_bytes(),
    }
    load(tmp_path / "db", [write(tmp_path / "source", files)], policy(), pseudonyms=KEY)
    by_year = ask(tmp_path / "db", "SELECT year(collected_at), count(*) FROM core.data_records GROUP BY 1 ORDER BY 1")
    assert by_year == [(2009, 31), (2010, 53)]
    outcomes = {}
    for period in ("2017", "2018Q1"):
        with open_workbench(tmp_path / "db", period) as wb:
            found = wb["retention"]
            outcomes[period] = (found.population, found.compliant, found.violation)
    assert outcomes == {"2017": (84, 84, 0), "2018Q1": (84, 0, 84)}
