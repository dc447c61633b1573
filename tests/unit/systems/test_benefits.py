"""Enrolments in benefits: a record each, disclosed to the platform and the provider, and nobody in clear."""

import pytest

from audit.errors import AuditError
from audit.sources.systems.benefits import SYSTEM
from tests.unit.systems.exports import PSEUDONYMS, asides, everything, options, read, refused, rows

HEADER = "employee_email,employee_number,personal_number,benefit,provider,enrolled_on,disclosed_at,ended_on,erased_on\n"
SIV = PSEUDONYMS.email("siv.aberg@prov.example")


def imported(tmp_path, text, settings="", name="b.csv"):
    return read(SYSTEM, tmp_path / name, text, settings)


def test_an_enrolment_is_a_record_with_its_beginning_its_end_and_its_erasure(tmp_path):
    line = "Siv.Aberg@Prov.example,,,Gym,,2025-01-31,,2025-12-31,2026-07-01T08:00:00+02:00\n"
    (record,) = rows(imported(tmp_path, HEADER + line), "data_records")
    del record["record_id"]
    assert record == {
        "system_id": "desk",
        "subject_id": SIV,
        "person_category": "employee",
        "data_category": "employment_and_contact",
        "collected_at": "2025-01-31",
        "last_activity_at": "2025-12-31",
        "disposed_at": "2026-07-01T08:00:00+02:00",
        "disposal": "erased",
    }


@pytest.mark.parametrize(
    ("settings", "provider", "expected"),
    [
        ("", "", [None]),
        ('recipient_id = "R-1"', "", ["R-1"]),
        ('recipient_id = "R-1"', "R-2", ["R-1", "R-2"]),
        ('recipient_id = "R-1"', "R-1", ["R-1"]),
        ('recipient_id = "R-1"\nrecipients = {"Gym AB" = "R-3"}', "Gym AB", ["R-1", "R-3"]),
        ("", "R-2", ["R-2"]),
    ],
)
def test_it_is_disclosed_to_the_platform_and_to_the_provider(tmp_path, settings, provider, expected):
    settings += '\nactivity_id = "A-1"\ndata_categories = {Gym = "wellness"}'
    line = f"a@b.example,,,Gym,{provider},2025-01-31,2025-02-01T10:00,,\n"
    events = rows(imported(tmp_path, HEADER + line, settings.removeprefix("\n")), "processing_events")
    assert [e.get("recipient_id") for e in events] == expected
    assert {(e["operation"], e["occurred_at"], e["activity_id"], e["data_category"]) for e in events} == {
        ("disclose", "2025-02-01T10:00:00", "A-1", "wellness")
    }
    assert len({e["event_id"] for e in events}) == len(expected)


def test_without_a_day_of_disclosure_it_is_the_day_of_enrolment(tmp_path):
    (event,) = rows(
        imported(tmp_path, "employee_email,benefit,enrolled_on\na@b.example,Gym,2025-01-31\n"), "processing_events"
    )
    assert event["occurred_at"] == "2025-01-31"


def test_a_person_is_known_by_address_then_personal_number_then_number(tmp_path):
    lines = [
        "siv.aberg@prov.example,07,19800101-2384,Gym,,2025-01-31,,,\n",
        "siv.aberg@prov.example,07,800101-2384,Car,,2025-02-28,,,\n",
        ",07,8001012384,Gym,,2025-01-31,,,\n",
        ",07,,Gym,,2025-01-31,,,\n",
    ]
    items = imported(tmp_path, HEADER + "".join(lines))
    number, personal = PSEUDONYMS.external("desk", "07"), PSEUDONYMS.personal_number("198001012384")
    assert [r["subject_id"] for r in rows(items, "data_records")] == [SIV, SIV, personal, number]
    assert [(i["external_id"], i["subject_id"]) for i in rows(items, "identities")] == [
        (personal, SIV),
        (number, SIV),
        (number, personal),
    ]


def test_nothing_is_in_clear(tmp_path):
    line = "siv.aberg@prov.example,0042,19800101-2384,Gym,R-2,2025-01-31,,,\n"
    text = everything(imported(tmp_path, "employee_name," + HEADER + "Siv Åberg," + line)).lower()
    for word in ("siv", "berg", "prov", "0042", "19800101", "2384", "gym"):
        assert word not in text


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",,,Gym,,2025-01-31,,,", ("employee_email", "missing")),
        ("Siv Åberg,,,Gym,,2025-01-31,,,", ("employee_email", "unparsable")),
        ("a@b.example,,,,,2025-01-31,,,", ("benefit", "missing")),
        ("a@b.example,,,Gym,,,,,", ("enrolled_on", "missing")),
        ("a@b.example,,,Gym,,Siv,,,", ("enrolled_on", "unparsable")),
        ("a@b.example,,,Gym,,2025-02-30,,,", ("enrolled_on", "unparsable")),
        ("a@b.example,,,Gym,,2025-01-31,Siv,,", ("disclosed_at", "unparsable")),
        ("a@b.example,,,Gym,,2025-01-31,,2025-01-30,", ("ended_on", "end_before_start")),
        ("a@b.example,,,Gym,,2025-01-31,,,2025-01-30", ("erased_on", "end_before_start")),
        ("a@b.example,,,Gym,siv@b.example,2025-01-31,,,", ("provider", "unparsable")),
        ("a@b.example,,,Gym", (None, "malformed")),
    ],
)
def test_a_line_with_a_fault_is_refused_alone(tmp_path, line, fault):
    items = imported(tmp_path, f"{HEADER}{line}\nb@b.example,,,Gym,,2025-01-31,2025-01-31,2025-01-31,2025-01-31\n")
    assert refused(items) == [(2, "data_records", *fault)]
    assert len(rows(items, "data_records")) == 1
    assert "Siv" not in everything(items)


def test_ids_are_the_same_in_every_export_and_two_enrolments_have_two(tmp_path):
    def ids(text):
        return [r["record_id"] for r in rows(imported(tmp_path, text), "data_records")]

    first = ids(HEADER + "a@b.example,,,Gym,,2025-01-31,,,\na@b.example,,,Car,,2025-01-31,,,\n")
    later = ids(HEADER + "A@B.example,,,Car,,2025-01-31,,2025-12-31,\n")
    assert len(set(first)) == 2
    assert later == first[1:]
    own = "enrolment_id,employee_email,benefit,enrolled_on\n7,a@b.example,{},2025-01-31\n"
    assert ids(own.format("Gym")) == ids(own.format("Car"))


def test_separator_encoding_and_dates_are_declared(tmp_path):
    text = "employee_number;benefit;enrolled_on\nÅ7;Bil;31/01/2025\n".encode("windows-1252")
    settings = 'delimiter = ";"\nencoding = "windows-1252"\ndate_format = "%d/%m/%Y"'
    (record,) = rows(imported(tmp_path, text, settings), "data_records")
    assert (record["subject_id"], record["collected_at"]) == (PSEUDONYMS.external("desk", "Å7"), "2025-01-31")


def test_json_lines_are_read_alike(tmp_path):
    line = '{"employee_email": "a@b.example", "benefit": "Gym", "enrolled_on": "2025-01-31"}\n'
    csv = "employee_email,benefit,enrolled_on\na@b.example,Gym,2025-01-31\n"
    found = [rows(imported(tmp_path, *pair), "data_records") for pair in ((line, "", "b.jsonl"), (csv, ""))]
    assert found[0] == found[1] != []


def test_a_column_that_is_not_documented_is_told(tmp_path):
    items = imported(tmp_path, "shoe_size,employee_email,benefit,enrolled_on\n44,a@b.example,Gym,2025-01-31\n")
    assert sum(asides(items).values()) == 1
    assert "44" not in everything(items)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "no such column"),
        (b"employee_email;benefit;enrolled_on\n", 1, "no such column"),
        (b"employee_email,benefit\n", 1, "no such column"),
        (b"benefit,benefit,enrolled_on\n", 1, "twice"),
        (b"employee_email,benefit,enrolled_on\n\xe5siv,Gym,2025-01-31\n", 2, "not utf-8"),
        (b"employee_email,benefit,enrolled_on\n\0,Gym,2025-01-31\n", 2, "NUL"),
        (b'employee_email,benefit,enrolled_on\n"siv,Gym,2025-01-31\n', 2, "quotes"),
        (b"employee_email,benefit,enrolled_on\nsiv@b.example,Gym,01/02/2025\n", 2, "not declared"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, content, line, message):
    with pytest.raises(AuditError, match=message) as caught:
        imported(tmp_path, content)
    assert (caught.value.file, caught.value.line) == ("b.csv", line)
    assert "siv" not in str(caught.value)


@pytest.mark.parametrize(
    "settings", ['delimiter = "."', "recipients = 1", 'data_categories = {Gym = ""}', "persons = 1"]
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(AuditError, match=r"sources\.toml:1"):
        options(SYSTEM, settings)
