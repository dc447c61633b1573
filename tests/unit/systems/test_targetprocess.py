"""Target Process: what the settings choose is taken, with the times the lists tell and no others."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.sources.systems.targetprocess import SYSTEM
from audit.strict import TomlFile

CONTEXT = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "desk")
SETTINGS = """
[[incidents]]
types = ["Bug"]
[[requests]]
kind = "erasure"
types = ["Request"]
tags = ["GDPR-erasure"]
[[requests]]
kind = "access"
request_types = ["Access"]
[[personal_data_breach]]
is = false
[personal_data_breach.fields]
"Personal data" = ["false"]
[[personal_data_breach]]
is = true
tags = ["breach"]
[states]
Open = "registered"
"In Progress" = "analysed"
Closed = "resolved"
[answered]
Closed = "unknown"
Rejected = "refused"
[severities]
Blocking = "critical"
[priorities]
Urgent = "high"
[clients]
Alpha = "C1"
"""
MADE, CHANGED, ENDED = 1374757420000, 1374843820500, 1374930220000
MADE_AT, CHANGED_AT, ENDED_AT = "2013-07-25T13:03:40Z", "2013-07-26T13:03:40.500000Z", "2013-07-27T13:03:40Z"


def date(milliseconds, offset="-0500"):
    return f"/Date({milliseconds}{offset})/"


def bug(number=1, state="Open", **fields):
    about = {"Id": number, "Name": "Anna lost her list", "CreateDate": date(MADE), "Tags": ""}
    return about | {"EntityType": {"Id": 8, "Name": "Bug"}, "EntityState": {"Id": 53, "Name": state}} | fields


def request(number=1, state="New", **fields):
    return bug(number, state, EntityType={"Id": 17, "Name": "Request"}, Tags="x, gdpr-ERASURE") | fields


def page(items, **links):
    address = "https://desk.example/api/v1/Bugs/?format=json&take={}&skip={}"
    return {name: address.format(*where) for name, where in links.items()} | {"Items": items}


@pytest.fixture
def read(tmp_path):
    def read(*contents, settings=SETTINGS):
        (tmp_path / "sources.toml").write_text(settings)
        with TomlFile(tmp_path / "sources.toml").root as table:
            options = SYSTEM.options(table)
        exports = []
        for number, content in enumerate(contents, start=1):
            path = tmp_path / f"{number}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            exports.append(Export(path, path.name))
        return list(SYSTEM.rows(exports, CONTEXT, options))

    return read


def rows(items, table):
    return [dict(i.values) for i in items if isinstance(i, Row) and i.table == table]


def trail(items):
    return [(e["stage"], e["at"]) for e in rows(items, "incident_events")]


def asides(items):
    return [i.kind for i in items if isinstance(i, Aside)]


def refused(items):
    return [(i.table, i.column, i.reason, dict(i.kept)) for i in items if isinstance(i, Refused)]


def error(read, *contents, **more):
    with pytest.raises(AuditError) as raised:
        read(*contents, **more)
    return raised.value


@pytest.mark.parametrize("offset", ["-0500", "-0600", "+0200", ""])
def test_the_offset_beside_a_date_does_not_move_it(read, offset):
    (incident,) = rows(read(page([bug(CreateDate=date(MADE, offset))])), "incidents")
    assert incident == {"incident_id": "1", "detected_at": MADE_AT}


def test_a_trail_has_the_times_that_the_lists_tell(read):
    since = {"LastStateChangeDate": date(CHANGED)}
    until = {"EndDate": date(ENDED)}
    assert trail(read(page([bug(state="Open", **since, **until)]))) == [("registered", MADE_AT)]
    assert trail(read(page([bug(state="In Progress", **since)]))) == [
        ("registered", MADE_AT),
        ("analysed", CHANGED_AT),
    ]
    assert trail(read(page([bug(state="Closed", **since, **until)])))[1:] == [("resolved", CHANGED_AT)]
    assert trail(read(page([bug(state="Closed", **until)])))[1:] == [("resolved", ENDED_AT)]
    # Before there was a LastStateChangeDate, nobody knows since when a record is in a state that ends nothing.
    untold = read(page([bug(state="In Progress", **until, StartDate=date(CHANGED))]))
    assert (trail(untold), asides(untold)) == ([("registered", MADE_AT)], ["stage reached at a time that is not told"])


def test_a_state_that_is_not_declared_refuses_the_stage_and_keeps_the_incident(read):
    items = read(page([bug(state="Parked")]))
    assert refused(items) == [("incident_events", "EntityState", "not_in_vocabulary", {"incident_id": "1"})]
    assert trail(items) == [("registered", MADE_AT)]
    assert len(rows(items, "incidents")) == 1


def test_names_are_found_by_their_ids_in_another_file(read):
    items = read(
        page([bug(EntityState={"Id": 9}, Severity={"Id": 1}, Project={"Id": 5}, EndDate=date(ENDED))]),
        page([{"Id": 9, "Name": "Closed", "IsInitial": False, "IsFinal": True, "EntityType": {"Id": 8, "Name": "Bug"}}]),
        page([{"Id": 1, "Name": "Blocking", "Importance": 1}, {"Id": 1, "Name": "Urgent", "Importance": 1, "EntityType": {"Name": "Bug"}}]),
        page([{"Id": 5, "Name": "Alpha", "EntityType": {"Id": 1, "Name": "Project"}}]),
    )  # fmt: skip
    assert rows(items, "incidents") == [
        {"incident_id": "1", "client_id": "C1", "severity": "critical", "detected_at": MADE_AT}
    ]
    assert trail(items) == [("registered", MADE_AT), ("resolved", ENDED_AT)]
    assert asides(items) == ["EntityState", "Severity", "Priority", "Project"]


def test_an_initial_state_needs_no_declaration(read):
    state = {"Id": 53, "Name": "Fresh", "IsInitial": True, "IsFinal": False, "EntityType": {"Name": "Bug"}}
    assert refused(read(page([bug(state="Fresh")]), page([state]))) == []


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"Severity": {"Name": "Blocking"}, "Priority": {"Name": "Urgent"}}, "critical"),
        ({"Severity": None, "Priority": {"Name": "Urgent"}}, "high"),
        ({}, None),
    ],
)
def test_the_severity_comes_before_the_priority(read, fields, severity):
    (incident,) = rows(read(page([bug(**fields)])), "incidents")
    assert incident.get("severity") == severity


def test_a_severity_that_is_not_declared_refuses_the_incident(read):
    assert refused(read(page([bug(Severity={"Name": "Cosmic"})]))) == [
        ("incidents", "Severity", "not_in_vocabulary", {"incident_id": "1"})
    ]


def test_whether_it_is_a_breach_is_told_by_tag_or_field_and_else_not_known(read):
    items = read(
        page(
            [
                bug(1),
                bug(2, Tags="a, Breach"),
                bug(3, CustomFields=[{"Name": "Personal data", "Value": False}]),
                bug(4, Tags="breached"),
            ]
        )
    )
    assert [i.get("personal_data_breach") for i in rows(items, "incidents")] == [None, "true", "false", None]


def test_a_name_is_taken_only_where_the_settings_say_so(read):
    assert "Anna" not in str([i for i in read(page([bug()])) if isinstance(i, Row)])
    (incident,) = rows(read(page([bug()]), settings="take_titles = true\n" + SETTINGS), "incidents")
    assert incident["title"] == "Anna lost her list"


def test_requests_and_when_they_were_answered(read):
    items = read(
        page(
            [
                request(1),
                request(2, "Closed", LastStateChangeDate=date(CHANGED), EndDate=date(ENDED)),
                request(3, "Rejected", EndDate=date(ENDED), Tags="", RequestType={"Id": 2, "Name": "Access"}),
                request(4, "Closed"),
                request(5, Tags="gdpr"),
                request(6, "Dropped", EntityState={"Name": "Dropped", "IsFinal": True}),
            ]
        )
    )
    assert rows(items, "requests") == [
        {"request_id": "1", "kind": "erasure", "received_at": MADE_AT},
        {"request_id": "2", "kind": "erasure", "received_at": MADE_AT, "answered_at": CHANGED_AT},
        {"request_id": "3", "kind": "access", "received_at": MADE_AT, "answered_at": ENDED_AT, "outcome": "refused"},
        {"request_id": "4", "kind": "erasure", "received_at": MADE_AT},
        {"request_id": "6", "kind": "erasure", "received_at": MADE_AT},
    ]
    assert asides(items) == [
        "request answered at a time that is not told",
        "Request that is neither incident nor request",
        "request in a final state that is not declared as answered",
    ]


def test_a_record_may_be_an_incident_and_a_request(read):
    items = read(page([request(EntityType={"Name": "Bug"}, RequestType={"Name": "Access"})]))
    assert [len(rows(items, t)) for t in ("incidents", "requests")] == [1, 1]


def test_the_person_of_a_request_is_the_requester_and_never_a_member_of_staff(read):
    p = CONTEXT.pseudonyms
    anna = {"Kind": "Requester", "Id": 7, "Email": " Anna@Example.org", "FirstName": "Anna"}
    staff = {"Id": 2, "FirstName": "Target", "LastName": "Process"}
    items = read(
        page(
            [
                request(1, Owner=anna),
                request(2, Owner={"Id": 7}),
                request(3, Owner={"Kind": "Requester", "Id": 8}),
                request(4, Owner=staff),
                request(5, Owner=staff, Requesters={"Items": [{"Id": 7}]}),
                request(6, Owner=anna, Requesters={"Items": [{"Id": 7}, {"Id": 8}]}),
            ]
        ),
        page([anna, {"Kind": "Requester", "Id": 9}]),
    )
    assert [r.get("subject_id") for r in rows(items, "requests")] == [
        p.email("anna@example.org"),
        p.email("anna@example.org"),
        p.external("desk", "8"),
        None,
        p.email("anna@example.org"),
        None,
    ]
    assert rows(items, "identities") == [
        {"system_id": "desk", "external_id": p.external("desk", "7"), "subject_id": p.email("anna@example.org")}
    ]
    assert asides(items) == ["Requester without an e-mail address"]


def test_who_registered_is_one_pseudonym_by_login_list_or_id(read):
    p = CONTEXT.pseudonyms
    items = read(
        page(
            [
                bug(1, Owner={"Id": 3}, Creator={"Id": 4, "Login": "bo@example.org"}),
                bug(2, Owner={"Id": 15}),
                bug(3, Owner={"Id": 16}),
                bug(4),
            ]
        ),
        page([{"Kind": "User", "Id": 15, "Email": "cy@example.org", "Login": "cy", "DeleteDate": date(ENDED), "IsActive": True}]),
    )  # fmt: skip
    assert [e.get("actor_id") for e in rows(items, "incident_events")] == [
        p.actor("desk", "bo@example.org"),
        p.actor("desk", "cy@example.org"),
        p.actor("desk", "16"),
        None,
    ]
    assert asides(items) == ["User, deleted"]


@pytest.mark.parametrize(
    "pages",
    [
        [page([], Next=(25, 25)), page([], Prev=(25, 0))],
        [page([], Prev=(25, 25)), page([], Next=(25, 25)), page([], Prev=(25, 0), Next=(25, 50))],
        [page([], Next=(20, 30), Prev=(10, 0)), page([], Prev=(20, 10)), page([], Next=(10, 10))],
        [page([])],
    ],
)
def test_all_pages_in_any_order_are_complete(read, pages):
    assert read(*pages) == []


@pytest.mark.parametrize(
    ("pages", "at_fault"),
    [
        ([page([bug()], Next=(25, 25))], "1.json"),
        ([page([], Next=(25, 25)), page([], Next=(25, 50), Prev=(25, 0))], "2.json"),
        ([page([], Prev=(25, 0))], "1.json"),
        ([page([], Next=(25, 25)), page([], Prev=(25, 25))], "1.json"),
        ([page([], Next=(25, 25)), {"Items": [], "Prev": "https://desk.example/api/v1/Requests?take=25&skip=0"}], "1.json"),
        ([page([], Next=(25, 25)), {"Items": [], "Prev": "https://desk.example/api/v1/Bugs?take=25&skip=0&where=x"}], "1.json"),
    ],
)  # fmt: skip
def test_a_missing_page_is_an_error_unless_it_is_left_out_on_purpose(read, pages, at_fault):
    raised = error(read, *pages)
    assert (raised.file, raised.line) == (at_fault, 1)
    assert "page of this list is missing" in raised.message
    assert "desk.example" not in str(raised)
    partial = asides(read(*pages, settings='pages = "partial"\n' + SETTINGS))
    assert "page without the one before or after it" in partial


@pytest.mark.parametrize("link", ["https://desk.example/Bugs?take=25", "?skip=x&take=25", 7])
def test_a_link_that_cannot_be_read_is_an_error(read, link):
    assert error(read, {"Items": [], "Next": link}).message == "a link to another page cannot be read"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<Error>\n  <Status>NotFound</Status><Message>of Anna</Message></Error>", "the server answered with the error NotFound"),
        ('\ufeff <?xml version="1.0"?><Error><Status>BadRequest</Status></Error>', "the server answered with the error BadRequest"),
        ('{"Status": "Unauthorized", "Message": "of Anna"}', "the server answered with the error Unauthorized"),
        ('<Bugs><Bug Id="1"/></Bugs>', "XML"),
        ("", "holds no records"),
        ("[7]", "not a record"),
        ('{"Items": [', "ends in the middle of a record"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_list_is_named(read, content, message):
    raised = error(read, page([bug()]), content)
    assert (raised.file, raised.message) == ("2.json", message)
    assert "Anna" not in str(raised)


def test_what_cannot_be_a_row_is_refused_with_its_field(read):
    items = read(
        page(
            [
                bug(1, CreateDate="25/07/2013"),
                bug(2, CreateDate=None, EntityState=None),
                bug(None),
                bug(4, Tags=["a"]),
                request(5, CreateDate=f"/Date({10**14})/"),
                bug(6, "Closed", EndDate="soon"),
                bug(7, CreateDate=date(10**15 - 1)),
                bug([8]),
                request({"Id": 9}),
            ]
        )
    )
    event = {"incident_id": "1", "stage": "registered"}
    assert refused(items) == [
        ("incidents", "CreateDate", "unparsable", {"incident_id": "1"}),
        ("incident_events", "CreateDate", "unparsable", event),
        ("incidents", "CreateDate", "missing", {"incident_id": "2"}),
        ("incident_events", "CreateDate", "missing", event | {"incident_id": "2"}),
        ("incident_events", "EntityState", "missing", {"incident_id": "2"}),
        ("incidents", "Id", "missing", {}),
        ("incidents", "Tags", "unparsable", {}),
        ("incident_events", "EndDate", "unparsable", {"incident_id": "6"}),
        ("incidents", "CreateDate", "unparsable", {"incident_id": "7"}),
        ("incident_events", "CreateDate", "unparsable", event | {"incident_id": "7"}),
        ("incidents", "Id", "unparsable", {}),
        ("requests", "Id", "unparsable", {}),
    ]


def test_what_no_table_takes_is_counted_by_its_kind(read):
    items = read(
        page(
            [
                {"Id": 1, "Description": "x", "ParentId": None, "General": {"Id": 2}, "CreateDate": date(MADE)},
                {"Id": 2, "Name": "x", "EntityType": {"Name": "TestCase"}},
                {"Id": 3, "Role": {"Id": 1}},
                {"Id": 4, "ResourceType": "anna@example.org", "Spent": 1},
                {"Id": 5, "Status": "Sent", "Message": "x"},
                bug(6, EntityType={"Name": "Feature"}),
            ]
        )
    )
    assert asides(items) == [
        "Comment",
        "TestCase",
        "record of another type",
        "record of another type",
        "record of another type",
        "Feature that is neither incident nor request",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "nothing says which records are incidents or requests"),
        ("[[incidents]]\n", "no values to choose by"),
        ("[[incidents]]\ntypes = []\n", "no values to choose by"),
        ('[[incidents]]\ntypes = ["Bug"]\nkind = "access"\n', "unknown key"),
        ('[[requests]]\ntypes = ["Request"]\n', "missing key"),
        ('[[requests]]\ntypes = ["Request"]\nkind = "sorry"\n', "not in the vocabulary"),
        (SETTINGS.replace('"analysed"', '"thought_about"'), "not in the vocabulary"),
        ('pages = "some"\n' + SETTINGS, "not in the vocabulary"),
    ],
)
def test_settings_are_taken_strictly(read, settings, message):
    assert error(read, settings=settings).message == message
