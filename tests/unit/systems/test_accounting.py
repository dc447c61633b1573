"""SIE files: vouchers become records, persons pseudonyms, and what cannot be read is said with its line."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.sources.systems.accounting import SYSTEM
from audit.sources.systems.sie import _fields
from tests.generative.worlds import made
from tests.unit.systems.exports import PSEUDONYMS, asides, everything, options, read, refused, rows

HEAD = """\
#FLAGGA 0
#PROGRAM "Kassabok" 1.0
#FORMAT PC8
#GEN 20260131 "Siv Å"
#SIETYP 4
#FNAMN "Prov & Son AB"
#ORGNR 556000-0000
#RAR 0 20260101 20261231
"""
VOUCHER = """\
#VER A 1 20260115 "Lön Siv Åberg" 20260116 "Siv Å"
{
#TRANS 7010 {1 "Nord" 7 "0042"} 100.50 20260115 "Siv Åberg"
#TRANS 1930 {} -100.50
}
"""
SIV = PSEUDONYMS.external("desk", "0042")


def sie(*parts, encoding="cp437"):
    return "".join(parts).encode(encoding)


def voucher(*amounts, head="A 1 20260115"):
    return "\n".join([f"#VER {head}", "{", *(f"#TRANS 1930 {{}} {a}" for a in amounts), "}", ""])


def held(tmp_path, *parts, settings=""):
    return rows(read(SYSTEM, tmp_path / "a.se", sie(*parts), settings), "data_records")


def test_a_voucher_is_a_record_and_its_employees_records_of_theirs(tmp_path):
    whole, of_siv = held(tmp_path, HEAD, VOUCHER)
    assert whole.items() >= {"data_category": "bookkeeping", "collected_at": "2026-01-15", "system_id": "desk"}.items()
    assert "subject_id" not in whole
    assert of_siv.items() >= {"subject_id": SIV, "person_category": "employee", "collected_at": "2026-01-15"}.items()
    assert whole["record_id"] != of_siv["record_id"]


def test_a_file_is_a_disclosure_of_its_vouchers_and_of_each_person(tmp_path):
    settings = 'recipient_id = "R-1"\nactivity_id = "A-1"'
    items = read(SYSTEM, tmp_path / "a.se", sie(HEAD, VOUCHER, voucher(1, -1, head="A 2 20260120")), settings, "C-1")
    events = rows(items, "processing_events")
    assert [e.get("subject_id") for e in events] == [None, SIV]
    assert len({e["event_id"] for e in events}) == 2
    for event in events:
        assert (
            event.items()
            >= {
                "operation": "disclose",
                "recipient_id": "R-1",
                "activity_id": "A-1",
                "client_id": "C-1",
                "occurred_at": "2026-01-31",
                "actor_id": PSEUDONYMS.actor("desk", "Siv Å"),
            }.items()
        )


def test_every_record_is_accounted_for_and_nothing_is_in_clear(tmp_path):
    more = '#OBJEKT 7 "0043" "Bo Ek"\n#KONTO 1930 "Konto Bo Ek"\n#XYZ "Bo Ek"\n'
    items = read(SYSTEM, tmp_path / "a.se", sie(HEAD, more, VOUCHER))
    assert asides(items).items() >= {("#TRANS", 2), ("#OBJEKT", 1), ("#KONTO", 1), ("unknown", 1), ("#FORMAT", 1)}
    assert {e.get("subject_id") for e in rows(items, "processing_events")} == {
        None,
        SIV,
        PSEUDONYMS.external("desk", "0043"),
    }
    for word in ("Siv", "berg", "Bo", "Ek", "0042", "0043", "Prov", "556000", "Nord", "100.50"):
        assert word not in everything(items)


def test_other_dimensions_are_persons_where_the_settings_say_so(tmp_path):
    settings = 'data_category = "ledger"\n[persons]\n1 = "client"'
    _, person = held(tmp_path, HEAD, VOUCHER, settings=settings)
    assert person["subject_id"] == PSEUDONYMS.external("desk", "Nord")
    assert (person["person_category"], person["data_category"]) == ("client", "ledger")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (voucher(100, "-99.99"), ("#TRANS", "unbalanced")),
        (voucher("1e5", -100000), ("#TRANS", "unparsable")),
        (voucher("100,00", -100), ("#TRANS", "unparsable")),
        (voucher("", -100), ("#TRANS", "missing")),
        (voucher('"100', -100), ("#TRANS", "malformed")),
        (voucher(1, -1, head="A 1 20260230"), ("#VER", "unparsable")),
        (voucher(1, -1, head="A 1"), ("#VER", "missing")),
        (voucher(1, -1, head='A 1 20260115 "'), ("#VER", "malformed")),
    ],
)
def test_a_voucher_with_a_fault_is_refused_alone(tmp_path, text, fault):
    items = read(SYSTEM, tmp_path / "a.se", sie(HEAD, text, VOUCHER))
    assert refused(items) == [(9, "data_records", *fault)]
    assert len(rows(items, "data_records")) == 2
    assert "-100" not in everything(items)
    assert asides(items)["#TRANS"] == 4


def test_rows_struck_out_or_added_do_not_count_twice(tmp_path):
    text = voucher(5, -5).replace("}\n", "#BTRANS 1930 {} 7\n#RTRANS 1930 {} -5\n}\n", 1)
    assert refused(read(SYSTEM, tmp_path / "a.se", sie(HEAD, text.replace("{}\n}", "{}")))) == []


@pytest.mark.parametrize(
    ("years", "settings", "expected"),
    [
        ("#RAR 0 20260101 20261231", "", ""),
        ("#RAR 0 20250701 20260630", "", ""),
        ("#RAR 0 20260101 20270630", "", "_plus_1y"),
        ("#RAR -1 20240101 20241231\n#RAR 0 20260101 20270531", "", "_plus_1y"),
        ("#RAR 0 20251201 20270531", "", "_plus_1y"),
        ("#RAR 0 20260115 20270531", "", "_plus_1y"),
        ("#RAR 0 20250116 20260115", 'fiscal_year_ends = "01-14"', ""),
        ("#RAR 0 20260101 20280630", "", "_plus_2y"),
        ("#RAR 0", 'fiscal_year_ends = "01-14"', "_plus_1y"),
        ("#RAR 0", 'fiscal_year_ends = "01-15"', ""),
        ("#RAR 0 20260101 20261231", 'fiscal_year_ends = "01-14"', ""),
        ("#RAR 0", "", ""),
    ],
)
def test_a_fiscal_year_that_ends_later_is_told_by_the_category(tmp_path, years, settings, expected):
    head = HEAD.replace("#RAR 0 20260101 20261231", years)
    (whole,) = held(tmp_path, head, voucher(1, -1), settings=settings)
    assert whole["data_category"] == f"bookkeeping{expected}"


def test_a_voucher_keeps_its_id_in_other_exports_and_shares_it_with_none(tmp_path):
    def ids(*parts):
        return {r["record_id"] for r in held(tmp_path, *parts)}

    first = ids(HEAD, voucher(1, -1), voucher(2, -2, head="A 2 20260115"), voucher(2, -2, head="B 1 20260115"))
    later = HEAD.replace("#GEN 20260131", "#GEN 20260228").replace("556000-0000", '"5560000000"')
    assert len(first) == 3
    assert ids(later, voucher(2, -2, head="A 2 20260115 Text")) < first
    assert not ids(HEAD.replace("556000-0000", "556000-0001"), voucher(1, -1)) & first
    assert not ids(HEAD, voucher(1, -1, head="A 1 20270115")) & first


def test_vouchers_without_a_number_are_told_apart_by_what_they_say(tmp_path):
    unnumbered = [voucher(1, -1, head=f'"" {number} 20260115') for number in ('""', "0", "0")]
    other = voucher(2, -2, head='"" "" 20260115')
    first = [r["record_id"] for r in held(tmp_path, HEAD, *unnumbered, other)]
    assert len(set(first)) == 4
    assert [r["record_id"] for r in held(tmp_path, HEAD, *unnumbered, other)] == first


@pytest.mark.parametrize(
    ("gen", "fault"), [("", (1, "missing")), ("#GEN\n", (4, "missing")), ("#GEN 20261301\n", (4, "unparsable"))]
)
def test_a_disclosure_without_a_day_is_refused(tmp_path, gen, fault):
    head = HEAD.replace('#GEN 20260131 "Siv Å"\n', gen)
    items = read(SYSTEM, tmp_path / "a.se", sie(head, VOUCHER))
    assert refused(items) == [(fault[0], "processing_events", "#GEN", fault[1])]
    assert len(rows(items, "data_records")) == 2


def test_a_file_of_balances_discloses_nobody(tmp_path):
    items = read(SYSTEM, tmp_path / "a.se", sie(HEAD, "#IB 0 1930 10.00\n"))
    assert asides(items)["#IB"] == 1
    assert rows(items, "processing_events") == []


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "empty"),
        (b"\n \n", 1, "empty"),
        (b"a,b\n1,2\n", 1, "not a record"),
        (b"#GEN 20260131\n", 1, "not #FLAGGA"),
        (sie(HEAD, VOUCHER)[:-3], 12, "cut off"),
        (sie(HEAD, "#VER A 1 20260115\n"), 9, "cut off"),
        (sie("#FLAGGA 0\n#KSUMMA\n", HEAD, VOUCHER), 15, "cut off"),
        (sie(HEAD, "#VER A 1 20260115\n#TRANS 1930 {} 0\n"), 10, "together"),
        (sie(HEAD, "#TRANS 1930 {} 0\n"), 9, "together"),
        (sie(HEAD, "#VER A 1 20260115\n{\n#VER A 2 20260115\n"), 11, "together"),
        (sie(HEAD, "}\n"), 9, "not a record"),
        (sie(HEAD, "#KONTO 1930 \0\n"), 9, "NUL"),
        (sie(HEAD, "#KONTO 1930 A\r#KONTO 1940 B\n"), 9, "line break"),
        (sie(HEAD, VOUCHER, "#RAR -1 20250101 20251231\n"), 14, "after a voucher"),
        (sie(HEAD, "#RAR -1 20250101 20241231\n"), 9, "fiscal year"),
        (sie(HEAD, "#RAR -1 2025 2026\n"), 9, "fiscal year"),
        (sie(HEAD, '#FNAMN "Prov\n'), 9, "quotes"),
        (sie("#FLAGGA ", "0" * (1 << 20)), 1, "longer"),
        (sie(HEAD, VOUCHER.replace("0042", "Åsa"), encoding="iso-8859-1"), 11, "437"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, content, line, message):
    with pytest.raises(AuditError, match=message) as caught:
        read(SYSTEM, tmp_path / "a.se", content)
    assert (caught.value.file, caught.value.line) == ("a.se", line)
    assert "Siv" not in str(caught.value)


def test_text_in_another_encoding_is_told_and_can_be_declared(tmp_path):
    latin = sie(HEAD, VOUCHER, encoding="iso-8859-1")
    assert asides(read(SYSTEM, tmp_path / "a.se", latin))["#FORMAT, but text in another encoding"] == 1
    persons = set()
    for encoding, declared in (("cp437", "cp437"), ("iso-8859-1", "iso-8859-1"), ("utf-8-sig", "utf-8")):
        content = sie(HEAD, VOUCHER.replace("0042", "Åsa"), encoding=encoding)
        items = read(SYSTEM, tmp_path / "a.se", content, f'encoding = "{declared}"')
        assert asides(items)["#FORMAT"] == 1
        persons |= {r["subject_id"] for r in rows(items, "data_records") if "subject_id" in r}
    assert persons == {PSEUDONYMS.external("desk", "Åsa")}


def test_windows_line_ends_packing_and_the_end_mark_of_dos_change_nothing(tmp_path):
    plain = held(tmp_path, HEAD, VOUCHER)
    dos = sie(HEAD, VOUCHER).replace(b"\n", b"\r\n") + b"\x1a"
    assert rows(read(SYSTEM, tmp_path / "a.si.gz", gzip.compress(dos)), "data_records") == plain


@pytest.mark.parametrize(
    "settings",
    [
        'fiscal_year_ends = "13-31"',
        'fiscal_year_ends = "31 December"',
        'encoding = "ebcdic"',
        "persons = 7",
        'recipient = "R-1"',
    ],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(AuditError, match=r"sources\.toml:1"):
        options(SYSTEM, settings)


texts = st.text(st.characters(blacklist_characters="\\\n\r\0", blacklist_categories=["Cs"]), max_size=8)


@made(100)
@given(st.lists(texts), st.lists(st.tuples(texts, texts)), st.sampled_from(" \t"))
def test_quoted_fields_are_read_as_they_were_written(fields, objects, blank):
    def quoted(text):
        return '"' + text.replace('"', '\\"') + '"'

    pairs = blank.join(quoted(part) for pair in objects for part in pair)
    line = blank.join([*map(quoted, fields), "{" + pairs + "}"])
    assert _fields(line) == (tuple(fields), tuple(objects))


@made(100)
@given(st.text(st.sampled_from('a \t"\\{}1'), max_size=20))
def test_any_line_is_read_or_said_to_be_broken(line):
    parsed = _fields(line.strip())
    assert parsed is None or all(isinstance(field, str) for field in parsed[0])


@pytest.mark.parametrize(
    ("line", "fields", "objects"),
    [
        (r'1930 { "1" "10" } -5 "" "say \"hi\""', ("1930", "-5", "", 'say "hi"'), (("1", "10"),)),
        ('1930 {1 Nord 6 0007} 1.00 "a {b} c"', ("1930", "1.00", "a {b} c"), (("1", "Nord"), ("6", "0007"))),
        (r'"C:\Bok\År" X', ("C:\\Bok\\År", "X"), ()),
        (r'"C:\Bok\"', ("C:\\Bok\\",), ()),
        ("1930\t{}\t5", ("1930", "5"), ()),
    ],
)
def test_fields_as_programs_write_them(line, fields, objects):
    assert _fields(line) == (fields, objects)
