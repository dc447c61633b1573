"""A CRM's export: who is in it, what they agreed to, and what was done with their data, without a name or an address."""

from __future__ import annotations

import gzip
import json
from zoneinfo import ZoneInfo

import pytest

from audit.contract import load_contracts
from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.sources.systems.mira_crm import SYSTEM
from audit.strict import TomlFile
from tests.unit.systems.memory import peak

KEY = Pseudonyms(b"k" * 32)
ANNA = KEY.email("anna@example.com")


def x(contact_id):
    return KEY.external("mira_crm", contact_id)


@pytest.fixture
def read(tmp_path):
    def read(settings="", client_id=None, **files):
        exports = []
        for key, content in files.items():
            name = key.replace("__", ".") if "__" in key else f"{key}.csv"
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            exports.append(Export(path, name))
        with TomlFile(tmp_path / "sources.toml", settings.encode()).root as table:
            options = SYSTEM.options(table)
        context = Context(KEY, ZoneInfo("Europe/Stockholm"), "mira_crm", client_id)
        items = list(SYSTEM.rows(exports, context, options))
        for item in items:
            if isinstance(item, Row):
                columns = load_contracts()[item.table].columns
                assert item.values.keys() <= {c.name for c in columns}
                assert {c.name for c in columns if c.required} <= item.values.keys()
        return items

    return read


def rows(items, table):
    return [i.values for i in items if isinstance(i, Row) and i.table == table]


def asides(items):
    return [(i.export.name, i.line, i.kind) for i in items if isinstance(i, Aside)]


def refused(items):
    return [(i.line, i.table, i.column, i.reason) for i in items if isinstance(i, Refused)]


CONTACTS = """contact_id,email,first_name,phone,client_id,person_category,created_at,created_by,changed_at,deleted_at,disposal
17, Anna@Example.com ,Anna,070-1234567,,prospect,2026-06-30T22:30:00Z,bo@firm.example,,,
18,,Eva,070-7654321,C-1,member,2026-07-01,,2026-07-02T10:00,2026-07-03T10:00,anonymised
"""


def test_a_contact_is_a_person_a_record_and_what_was_done_with_it(read):
    items = read(contacts=CONTACTS)
    # Half past ten in the evening in London is the next day in Stockholm.
    assert rows(items, "subjects") == [
        {"subject_id": ANNA, "person_category": "prospect", "registered_on": "2026-07-01"},
        {"subject_id": x("18"), "client_id": "C-1", "person_category": "member", "registered_on": "2026-07-01"},
    ]
    assert rows(items, "identities") == [{"system_id": "mira_crm", "external_id": x("17"), "subject_id": ANNA}]
    held = [
        (v["subject_id"], v["collected_at"], v.get("disposed_at"), v.get("disposal"))
        for v in rows(items, "data_records")
    ]
    assert held == [
        (ANNA, "2026-06-30T22:30:00Z", None, None),
        (x("18"), "2026-07-01", "2026-07-03T10:00", "anonymised"),
    ]
    done = [
        (v["subject_id"], v["operation"], v["occurred_at"], v.get("actor_id")) for v in rows(items, "processing_events")
    ]
    assert done == [
        (ANNA, "collect", "2026-06-30T22:30:00Z", KEY.actor("mira_crm", "bo@firm.example")),
        (x("18"), "collect", "2026-07-01", None),
        (x("18"), "rectify", "2026-07-02T10:00", None),
        (x("18"), "anonymise", "2026-07-03T10:00", None),
    ]
    assert asides(items) == []


def test_a_contact_that_was_never_changed_was_not_rectified(read):
    items = read(contacts="contact_id,email,created_at,changed_at\n1,a@x.example,2026-07-01T09:00,2026-07-01T09:00\n")
    assert [v["operation"] for v in rows(items, "processing_events")] == ["collect"]


def test_categories_are_named_by_id_or_in_words_and_others_are_refused(read):
    categories = "category_id,kind,name\nPC1,person,prospect\nCC1,collaboration,partner\nX,animal,cat\n"
    contacts = (
        "contact_id,email,created_at,person_category,collaboration_category\n"
        "1,a@x.example,2026-07-01,PC1,partner\n2,b@x.example,2026-07-01,CC1,\n3,c@x.example,2026-07-01,prospect,CC1\n"
    )
    items = read(contacts=contacts, categories=categories)
    named = [(v.get("person_category"), v.get("collaboration_category")) for v in rows(items, "subjects")]
    assert named == [("prospect", "partner"), ("prospect", "partner")]
    assert refused(items) == [
        (4, "subjects", "kind", "not_in_vocabulary"),
        (3, "subjects", "person_category", "not_in_vocabulary"),
    ]
    assert asides(items) == [("categories.csv", n, "category, by which contacts are named") for n in (2, 3)]


ACTIVITIES = """activity_id,contact_id,occurred_at,type,user,direction,channel,subject,recipient_id
A1,17,2026-07-01T09:00,Email,bo@firm.example,out,,Dear Anna,
A2,17,2026-07-01T09:05,Call,17,in,,Anna called,
A3,17,2026-07-01T09:10,Export,,,,,R-1
A4,17,2026-07-01T09:15,Fika,,,,,
A5,17,2026-07-01T09:20,meeting,,,phone,,
A6,,2026-07-01T09:20,meeting,,,,,
A7,17,,meeting,,,,,
"""


def test_an_activitys_type_says_what_was_done(read):
    items = read(activities=ACTIVITIES)
    done = [(v["operation"], v.get("channel"), v.get("recipient_id")) for v in rows(items, "processing_events")]
    assert done == [
        ("contact", "email", None),
        ("collect", None, None),  # she called, nobody contacted her
        ("disclose", None, "R-1"),
        ("contact", "phone", None),
    ]
    assert {v["subject_id"] for v in rows(items, "processing_events")} == {x("17")}
    assert refused(items) == [
        (5, "processing_events", "type", "not_in_vocabulary"),
        (7, "processing_events", "contact_id", "missing"),
        (8, "processing_events", "occurred_at", "missing"),
    ]


def test_settings_say_what_other_types_do_and_which_activity_of_the_register_it_is(read):
    settings = '[activity_types]\nFIKA = "contact post"\n[processing_activities]\nactivities = "PA-7"\n'
    settings += '[data_categories]\nactivities = "notes"\n'
    (fika,) = [
        v for v in rows(read(settings, activities=ACTIVITIES), "processing_events") if v.get("channel") == "post"
    ]
    assert (fika["operation"], fika["activity_id"], fika["data_category"]) == ("contact", "PA-7", "notes")
    with pytest.raises(AuditError) as error:
        read('[activity_types]\nfika = "eat"\n', activities=ACTIVITIES)
    assert (error.value.line, error.value.column) == (2, "activity_types.fika")
    with pytest.raises(AuditError) as error:
        read('[data_categories]\nnotes = "notes"\n', activities=ACTIVITIES)
    assert error.value.column == "data_categories.notes"


MAILINGS = """mailing_id,sent_at,channel,client_id,processing_activity,name
M1,2026-07-01T08:00+02:00,,,PA-1,Summer letter
M2,2026-07-02T08:00+02:00,sms,C-1,,Reminder
"""
RECIPIENTS = """mailing_id,contact_id,email,status,opened_at,sent_at
M1,17,anna@example.com,delivered,2026-07-01T09:00+02:00,
M2,17,anna@example.com,bounced,,2026-07-02T08:05+02:00
M1,18,eva@example.com,suppressed,,
M3,18,eva@example.com,,,2026-07-03T08:00
M3,17,anna@example.com,,,
"""


def test_each_recipient_of_a_mailing_was_contacted(read):
    items = read(mailing_recipients=RECIPIENTS, mailings=MAILINGS)
    done = [
        (
            v["occurred_at"],
            v["operation"],
            v.get("channel"),
            v.get("client_id"),
            v.get("activity_id"),
            v["data_category"],
        )
        for v in rows(items, "processing_events")
    ]
    assert done == [
        ("2026-07-01T08:00+02:00", "contact", "email", None, "PA-1", "contact_details"),
        ("2026-07-01T09:00+02:00", "collect", None, None, "PA-1", "usage_statistics"),
        ("2026-07-02T08:05+02:00", "contact", "sms", "C-1", None, "contact_details"),
        ("2026-07-03T08:00", "contact", "email", None, None, "contact_details"),
    ]
    assert refused(items) == [(6, "processing_events", "sent_at", "missing")]
    assert asides(items)[2:] == [("mailing_recipients.csv", 4, "mailing that was not sent")]


PREFERENCES = """preference_id,contact_id,email,decided_at,status,purpose,channel,notice_version,recorded_at
P1,17,anna@example.com,2026-07-01T09:00,given,newsletter,email,v3,2026-07-01T09:01
P2,17,anna@example.com,2026-07-02T09:00,deny,,phone,,
P3,18,,2026-07-02T09:00,Unsubscribed,newsletter,,,
P4,17,anna@example.com,2026-07-02T09:00,deny,newsletter,,,
P5,17,anna@example.com,2026-07-02T09:00,given,,email,,
P6,17,anna@example.com,2026-07-02T09:00,allow,,pigeon,,
P7,17,anna,2026-07-02T09:00,given,newsletter,,,
"""


def test_preferences_are_consents_to_a_purpose_or_wishes_on_a_channel(read):
    items = read('[statuses]\nUnsubscribed = "withdrawn"\n', preferences=PREFERENCES)
    first, second = rows(items, "consents")
    assert {k: v for k, v in first.items() if k != "consent_id"} == {
        "subject_id": ANNA,
        "purpose": "newsletter",
        "status": "given",
        "effective_at": "2026-07-01T09:00",
        "notice_version": "v3",
        "recorded_at": "2026-07-01T09:01",
    }
    assert (second["subject_id"], second["status"]) == (x("18"), "withdrawn")
    assert rows(items, "communication_preferences") == [
        {"subject_id": ANNA, "channel": "phone", "preference": "deny", "effective_at": "2026-07-02T09:00"}
    ]
    assert refused(items) == [
        (5, "consents", "status", "not_in_vocabulary"),
        (6, "consents", "status", "not_in_vocabulary"),
        (7, "consents", "channel", "not_in_vocabulary"),
        (8, "consents", "email", "unparsable"),
    ]


def test_a_registration_collects_and_so_does_coming(read):
    text = "registration_id,contact_id,registered_at,attended_at,diet\n1,17,2026-07-01,2026-07-09T18:00,nuts\n2,17,2026-07-01,,\n"
    items = read(client_id="C-9", event_registrations=text)
    done = [(v["occurred_at"], v["operation"], v["client_id"]) for v in rows(items, "processing_events")]
    assert done == [
        ("2026-07-01", "collect", "C-9"),
        ("2026-07-09T18:00", "collect", "C-9"),
        ("2026-07-01", "collect", "C-9"),
    ]
    assert len({v["event_id"] for v in rows(items, "processing_events")}) == 3


def test_json_lines_say_the_same_as_csv(read):
    header, *lines = CONTACTS.splitlines()
    records = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    text = "".join(
        json.dumps({k: int(v) if v in ("17", "18") else v or None for k, v in r.items()}) + "\n" for r in records
    )
    first, second = read(contacts=CONTACTS), read(contacts__jsonl=text)
    assert [(i.table, i.values) for i in first] == [(i.table, i.values) for i in second]
    assert [i.line for i in second if i.table == "subjects"] == [1, 2]


def test_a_nested_json_value_is_refused(read):
    items = read(contacts__jsonl='{"contact_id": 1, "email": ["a@x.example"], "created_at": "2026-07-01"}\n7\n')
    assert refused(items) == [(1, "subjects", "email", "unparsable"), (2, "subjects", None, "malformed")]


def test_a_missing_column_is_named_with_file_and_line(read):
    with pytest.raises(AuditError) as error:
        read(contacts="contact_id;email;name\n1;anna@example.com;Anna\n", settings='delimiter = ";"\n')
    assert (error.value.file, error.value.line, error.value.column) == ("contacts.csv", 1, "created_at")
    assert "anna" not in str(error.value)


def test_an_unknown_column_is_told_and_not_taken(read):
    items = read(contacts="contact_id,email,created_at,shoe_size\n1,a@x.example,2026-07-01,8112189876\n")
    assert asides(items) == [("contacts.csv", 1, "unknown column, not taken: shoe_size")]
    assert "8112189876" not in repr([vars(i) for i in items])


@pytest.mark.parametrize("name", ["invoices", "contactsold", "mailing"])
def test_a_file_of_another_name_is_refused(read, name):
    with pytest.raises(AuditError) as error:
        read(**{name: CONTACTS})
    assert error.value.file == f"{name}.csv"
    assert "mailing_recipients" in (error.value.expected or "")


def test_files_are_known_by_the_beginning_of_their_name_or_by_their_folder(tmp_path):
    options = SYSTEM.options(TomlFile(tmp_path / "sources.toml", b"").root)
    exports = []
    for number, name in enumerate(("contacts-2026.csv.gz", "contacts/part.csv")):
        path = tmp_path / str(number)
        path.with_suffix(".gz").write_bytes(gzip.compress(CONTACTS.encode()))
        path.write_text(CONTACTS)
        exports.append(Export(path.with_suffix(".gz") if name.endswith("gz") else path, name))
    context = Context(KEY, ZoneInfo("Europe/Stockholm"), "mira_crm")
    assert len(rows(SYSTEM.rows(exports, context, options), "subjects")) == 4


def test_a_date_whose_form_is_not_declared_is_never_guessed(read):
    text = "contact_id,email,created_at\n1,a@x.example,03/04/2026 09:00\n"
    with pytest.raises(AuditError) as error:
        read(contacts=text)
    assert (error.value.line, error.value.column) == (2, "created_at")
    items = read('date_format = "%d/%m/%Y %H:%M"\n', contacts=text)
    assert rows(items, "subjects")[0]["registered_on"] == "2026-04-03"


def test_the_last_hours_that_there_are_have_a_day(read):
    items = read(contacts="contact_id,email,created_at\n1,a@x.example,9999-12-31T23:59:59Z\n")
    assert rows(items, "subjects")[0]["registered_on"] == "9999-12-31"


def test_a_day_that_does_not_exist_is_refused(read):
    items = read(contacts="contact_id,email,created_at\n1,a@x.example,2026-02-30T10:00\n")
    assert refused(items) == [(2, "subjects", "created_at", "unparsable")]


def test_nothing_that_identifies_a_person_is_in_any_item(read):
    planted = CONTACTS.replace("member", "anna@example.com")
    sneaky = PREFERENCES.replace(",v3,", ",anna@example.com,")
    items = read(
        contacts=planted, activities=ACTIVITIES, mailings=MAILINGS, mailing_recipients=RECIPIENTS, preferences=sneaky
    )
    text = repr([vars(i) for i in items]).lower()
    assert [p for p in ("anna", "eva", "example.com", "firm.example", "070", "7654321", "summer") if p in text] == []
    assert (3, "subjects", "person_category", "unparsable") in refused(items)


def test_a_long_log_is_read_in_little_memory(read, tmp_path):
    path = tmp_path / "mailing_recipients.csv"
    with path.open("w") as file:
        file.write("mailing_id,contact_id,sent_at\n")
        file.writelines(f"M1,C-{n % 100},2026-07-01T08:00\n" for n in range(8_000))
    options = SYSTEM.options(TomlFile(tmp_path / "sources.toml", b"").root)
    context = Context(KEY, ZoneInfo("Europe/Stockholm"), "mira_crm")
    counts = []
    exports = [Export(path, path.name)]
    assert peak(lambda: counts.append(sum(1 for _ in SYSTEM.rows(exports, context, options)))) < path.stat().st_size
    assert set(counts) == {8_000}
