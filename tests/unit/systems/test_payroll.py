"""PAXml files: every transaction a record, every person in a file a disclosure, and nobody by name."""

import pytest

from audit.errors import AuditError
from audit.sources.systems.payroll import SYSTEM
from tests.unit.systems.exports import PSEUDONYMS, asides, everything, options, read, refused, rows

HEADER = """\
<header>
<version>2.0</version>
<nyexport datum="2026-01-30"/>
<datum>2026-01-31T09:30:00.1234567+01:00</datum>
<foretagorgnr>556000-0000</foretagorgnr>
</header>
"""
TIME = """\
<tidtransaktioner>
<tidtrans postid="1" anstid="07"><tidkod>ARB</tidkod><datum>2026-01-02</datum><timmar>8</timmar></tidtrans>
<tidtrans persnr="198001012384"><tidkod>SJK</tidkod><datumfrom>2026-01-03</datumfrom><datumtom>2026-01-05</datumtom>
<barn>202001012398</barn><info>Siv Åberg</info></tidtrans>
</tidtransaktioner>
"""
STAFF = """\
<personal>
<person anstid="07" persnr="198001012384"><fornamn>Siv</fornamn><efternamn>Åberg</efternamn>
<epostarb>Siv.Aberg@Prov.example</epostarb><mobiltelefon>070-000 00 00</mobiltelefon>
<anstdatum>2020-05-01</anstdatum><avgdatum>2026-01-31</avgdatum></person>
</personal>
"""
NUMBER = PSEUDONYMS.external("desk", "07")
PERSONAL = PSEUDONYMS.personal_number("800101-2384", 2026)
ADDRESS = PSEUDONYMS.email("siv.aberg@prov.example")


def pax(*parts, start='<?xml version="1.0" encoding="utf-8"?>\n', encoding="utf-8"):
    return (start + "<paxml>\n" + "".join(parts) + "</paxml>\n").encode(encoding)


def transaction(inner="<datum>2026-01-02</datum>", who='anstid="1"', kind="tidtrans"):
    return f"<transaktioner><{kind} {who}>{inner}</{kind}></transaktioner>"


def imported(tmp_path, *parts, settings="", **form):
    return read(SYSTEM, tmp_path / "p.xml", pax(*parts, **form), settings)


def test_a_transaction_is_a_record_of_the_person(tmp_path):
    first, second = rows(imported(tmp_path, HEADER, TIME), "data_records")
    assert (
        first.items()
        >= {
            "subject_id": NUMBER,
            "collected_at": "2026-01-02",
            "person_category": "employee",
            "data_category": "employment_and_contact",
            "system_id": "desk",
        }.items()
    )
    assert (second["subject_id"], second["collected_at"]) == (PERSONAL, "2026-01-05")


def test_a_file_is_a_disclosure_of_each_person_and_category(tmp_path):
    settings = 'recipient_id = "R-1"\nactivity_id = "A-1"\ndata_categories = {SJK = "health", person = "basic_details"}'
    items = imported(tmp_path, HEADER, TIME, TIME, STAFF, settings=settings)
    events = rows(items, "processing_events")
    assert {(e["subject_id"], e["data_category"]) for e in events} == {
        (ADDRESS, "employment_and_contact"),
        (ADDRESS, "health"),
        (ADDRESS, "basic_details"),
    }
    assert len({e["event_id"] for e in events}) == len(events) == 3
    for event in events:
        assert (event["recipient_id"], event["activity_id"], event["operation"]) == ("R-1", "A-1", "disclose")
        assert event["occurred_at"] == "2026-01-31T09:30:00.123456+01:00"


def test_the_staff_register_says_who_is_who_since_when_and_until_when(tmp_path):
    items = imported(tmp_path, HEADER, TIME, STAFF)
    assert {r["subject_id"] for r in rows(items, "data_records")} == {ADDRESS}
    (subject,) = rows(items, "subjects")
    assert subject == {
        "subject_id": ADDRESS,
        "person_category": "employee",
        "registered_on": "2020-05-01",
        "relationship_ended_on": "2026-01-31",
    }
    assert {(i["external_id"], i["subject_id"]) for i in rows(items, "identities")} == {
        (NUMBER, ADDRESS),
        (PERSONAL, ADDRESS),
    }


def test_an_address_of_several_persons_identifies_none_of_them(tmp_path):
    other = STAFF.replace('anstid="07" persnr="198001012384"', 'anstid="08"')
    items = imported(tmp_path, HEADER, STAFF, other)
    assert [s["subject_id"] for s in rows(items, "subjects")] == [PERSONAL, PSEUDONYMS.external("desk", "08")]
    assert [(i["external_id"], i["subject_id"]) for i in rows(items, "identities")] == [(NUMBER, PERSONAL)]


def test_a_person_with_two_employments_stays_one(tmp_path):
    second = STAFF.replace('anstid="07"', 'anstid="08"')
    items = imported(tmp_path, HEADER, STAFF, second)
    assert {s["subject_id"] for s in rows(items, "subjects")} == {ADDRESS}


def test_a_number_of_noughts_or_a_dash_is_none(tmp_path):
    for none in ("000000000000", "-", " "):
        items = imported(tmp_path, HEADER, transaction(who=f'anstid="07" persnr="{none}"'))
        assert [r["subject_id"] for r in rows(items, "data_records")] == [NUMBER]


def test_nothing_is_in_clear(tmp_path):
    text = everything(imported(tmp_path, HEADER, TIME, STAFF))
    for word in ("Siv", "berg", "prov", "19800101", "2384", "20200101", "070", "556000", "'07'"):
        assert word.lower() not in text.lower()


def test_every_record_is_accounted_for(tmp_path):
    rest = """<koder><kod id="1" namn="Siv"/></koder><tidtransaktioner><klar anstid="07"/></tidtransaktioner>
    <siv><siv>1</siv></siv><personal><person delete="true" anstid="07"/></personal>"""
    items = imported(tmp_path, HEADER, TIME, rest)
    assert asides(items) == {"header": 4, "koder": 1, "klar": 1, "unknown": 1, "person to delete": 1}
    assert len(rows(items, "data_records")) == 2
    assert rows(items, "subjects") == []


@pytest.mark.parametrize(
    ("kind", "inner", "expected"),
    [
        ("resetrans", "<tidpunkt>2026-01-02T08:00+01:00[Europe/Stockholm]</tidpunkt>", "2026-01-02T08:00:00+01:00"),
        ("schema", '<dag datum="2026-01-09"/><dag datum="2026-01-10"/><dag datum="2026-01-08"/>', "2026-01-10"),
        ("lonebesked", "<betaldatum>2026-01-25</betaldatum>", "2026-01-25"),
        ("saldo", "", "2026-01-31T09:30:00.123456+01:00"),
        ("lonetrans", "<datumfrom>2026-01-01T00:00:00</datumfrom>", "2026-01-01T00:00:00"),
    ],
)
def test_a_record_is_of_the_day_it_says_or_else_of_the_file(tmp_path, kind, inner, expected):
    (record,) = rows(imported(tmp_path, HEADER, transaction(inner, kind=kind)), "data_records")
    assert record["collected_at"] == expected


def test_a_file_without_a_date_is_of_the_last_day_it_tells_of(tmp_path):
    items = imported(tmp_path, "<header><version>2.0</version></header>", STAFF, TIME)
    assert {e["occurred_at"] for e in rows(items, "processing_events")} == {"2026-01-05"}


def test_what_a_record_lacks_is_told(tmp_path):
    faults = [
        transaction(who=""),
        transaction("<datum>Siv Åberg</datum>"),
        '<personal><person anstid="9"><anstdatum>Siv</anstdatum></person></personal>',
        '<personal><person anstid="9"><anstdatum>2026-01-01</anstdatum><avgdatum>Siv</avgdatum></person></personal>',
    ]
    items = imported(tmp_path, HEADER, *(f"{f}\n" for f in faults))
    assert refused(items) == [
        (9, "data_records", "anstid", "missing"),
        (10, "data_records", "datum", "unparsable"),
        (11, "data_records", "anstdatum", "unparsable"),
        (12, "subjects", "avgdatum", "unparsable"),
    ]
    assert "Siv" not in everything(items)


def test_without_any_date_neither_record_nor_disclosure_can_be_dated(tmp_path):
    person = '<personal>\n<person anstid="1"><anstdatum>2026-01-01</anstdatum></person></personal>'
    assert refused(imported(tmp_path, transaction(""))) == [(3, "data_records", "datum", "missing")]
    assert refused(imported(tmp_path, person)) == [(4, "processing_events", "datum", "missing")]


def test_the_same_transaction_has_the_same_id_in_every_file_and_two_alike_have_two(tmp_path):
    def ids(*parts):
        return [r["record_id"] for r in rows(imported(tmp_path, *parts), "data_records")]

    twice = transaction() + transaction()
    first = ids(HEADER, twice)
    assert len(set(first)) == 2
    assert ids(HEADER.replace("2026-01-3", "2026-02-2"), twice + transaction("<datum>2026-01-09</datum>"))[:2] == first
    own = [transaction(f"<datum>2026-01-02</datum><timmar>{h}</timmar>", 'anstid="1" postid="5"') for h in ("8", "8.0")]
    assert ids(HEADER, own[0]) == ids(HEADER, own[1]) != ids(HEADER.replace("-0000", "-0001"), own[0])


@pytest.mark.parametrize(
    ("encoding", "start"),
    [
        ("iso-8859-1", '<?xml version="1.0" encoding="ISO-8859-1"?>'),
        ("windows-1252", '<?xml version="1.0" encoding="windows-1252"?>'),
        ("utf-8", ""),
        ("utf-8-sig", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
    ],
)
def test_the_declared_encoding_is_read(tmp_path, encoding, start):
    (record,) = rows(
        imported(tmp_path, HEADER, transaction(who='anstid="Å7"'), start=start, encoding=encoding), "data_records"
    )
    assert record["subject_id"] == PSEUDONYMS.external("desk", "Å7")


BOMB = f"""<!DOCTYPE x [<!ENTITY b0 "Siv">{"".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 9}">' for n in range(1, 9))}]>\n"""


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "no element found"),
        (b"anstid;datum\n", 1, "not well-formed"),
        (b"<html></html>", 1, "something else"),
        (pax(HEADER, TIME)[:-20], 13, "not XML"),
        (pax(HEADER, TIME, encoding="iso-8859-1"), 12, "invalid token"),
        (pax(HEADER, TIME).replace(b"</tidkod>", b"</siv>", 1), 10, "mismatched tag"),
        (pax(HEADER, TIME, start='<?xml version="1.0" encoding="ebcdic-siv"?>\n'), 1, "encoding"),
        (pax(HEADER, TIME, start='<?xml version="1.0" encoding="shift_jis"?>\n'), 1, "encoding"),
        (pax(HEADER, start='<!DOCTYPE paxml SYSTEM "paxml.dtd">\n'), 1, "document type"),
        (pax(HEADER, "<a><b>&b8;</b></a>", start=BOMB), 1, "document type"),
        (pax(HEADER, "<a><b>&siv;</b></a>"), 9, "undefined entity"),
        (pax(HEADER, "<a><b>\0</b></a>"), 9, "not well-formed"),
        (pax(HEADER.replace("2.0", "1.0")), 4, "another version"),
        (pax(HEADER.replace("2026-01-31T", "Siv")), 6, "not a date"),
        (pax(HEADER, f"<a><b>{'Siv' * (6 << 20)}</b></a>"), 9, "larger"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, content, line, message):
    with pytest.raises(AuditError, match=message) as caught:
        read(SYSTEM, tmp_path / "p.xml", content)
    assert (caught.value.file, caught.value.line) == ("p.xml", line)
    assert "siv" not in str(caught.value).lower()


def test_wrong_settings_are_refused():
    with pytest.raises(AuditError, match=r"sources\.toml:1"):
        options(SYSTEM, "data_categories = 1")
