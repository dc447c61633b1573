"""Intercom's objects: what each gives, and what it must not give."""

import json

import pytest

from audit.errors import AuditError
from audit.sources.systems.export import Aside
from audit.sources.systems.intercom import SYSTEM
from tests.unit.systems.importing import PSEUDONYMS, importing

ANNA = PSEUDONYMS.email("anna@example.com")
X1 = PSEUDONYMS.external("tested", "c1")
SETTINGS = """
user_category = "client"
lead_category = "prospect"
contact_data_category = "basic_details"
conversation_data_category = "notes"
conversation_activity = "A-SUPPORT"
outbound_activity = "A-NEWS"
[subscriptions]
"93" = "newsletter"
"95" = "text_messages"
"""


def contact(**more):
    return {
        "type": "contact",
        "id": "c1",
        "role": "user",
        "email": "Anna@example.com",
        "phone": "+46 70 123 45 67",
        "name": "Anna Andersson",
        "location": {"city": "Umeå"},
        "created_at": 1767222000,
        "updated_at": 1782907200,
        "last_seen_at": 1780315200,
        "last_replied_at": None,
    } | more


def listed(*ids, more=False):
    return {"type": "list", "data": [{"type": "subscription", "id": i, "url": "/"} for i in ids], "has_more": more}


def conversation(*parts, **more):
    return {
        "type": "conversation",
        "id": "7",
        "created_at": 1780315200,
        "updated_at": 1780315260,
        "source": {
            "type": "email",
            "id": "m1",
            "delivered_as": "customer_initiated",
            "subject": "Anna Andersson asks",
            "body": "<p>anna@example.com</p>",
            "author": {"type": "user", "id": "c1", "name": "Anna Andersson", "email": "anna@example.com"},
        },
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "c1"}]},
        "conversation_parts": {"conversation_parts": list(parts), "total_count": len(parts)},
    } | more


def part(kind="comment", body="<p>Hello Anna</p>", **author):
    who = {"type": "admin", "id": "5", "email": "bo@example.org"} | author
    return {"type": "conversation_part", "id": "70", "part_type": kind, "body": body, "created_at": 1780315230,
            "author": who}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    return importing(SYSTEM, tmp_path)


def test_a_contact_is_a_person_an_identity_and_a_record(run):
    found = run({"c.json": contact()}, SETTINGS)
    assert found.tables == {"subjects", "identities", "data_records"}
    # 31 December 23:00 UTC is the first of January in Stockholm.
    assert found.rows("subjects") == [{"subject_id": ANNA, "person_category": "client", "registered_on": "2026-01-01"}]
    assert found.rows("identities") == [{"system_id": "tested", "external_id": X1, "subject_id": ANNA}]
    (record,) = found.rows("data_records")
    assert record == {
        "record_id": PSEUDONYMS.record("tested", "contact", "c1"),
        "system_id": "tested",
        "subject_id": ANNA,
        "person_category": "client",
        "data_category": "basic_details",
        "collected_at": "2025-12-31T23:00:00Z",
        "last_activity_at": "2026-06-01T12:00:00Z",
    }


def test_a_csv_of_something_else_is_set_aside_row_by_row(run):
    found = run({"index.csv": "file,method\na.json,get\nb.json,put\n", "c.json": contact()}, SETTINGS)
    assert [(i.kind, i.line) for i in found.items if isinstance(i, Aside)] == [
        ("row of a CSV that is no content export", 2), ("row of a CSV that is no content export", 3)]  # fmt: skip
    assert len(found.rows("subjects")) == 1


@pytest.mark.parametrize("header", ["email,note", ""])
def test_a_content_export_without_its_columns_is_refused(header, run):
    with pytest.raises(AuditError, match=r"index\.csv:1: .*: the header has no such column"):
        run({"index.csv": f"{header}\n"}, SETTINGS)


def test_a_clients_contact_is_the_clients(tmp_path):
    found = importing(SYSTEM, tmp_path, client_id="K1")(
        {"c.json": [contact(unsubscribed_from_emails=True), conversation()]}
    )
    kept = [dict(i.values) for i in found.items if i.table != "identities"]
    assert {row["client_id"] for row in kept} == {"K1"}


def test_who_has_no_address_is_known_by_telephone_or_else_by_the_id(run):
    people = [contact(email=""), contact(id="c2", email=None, phone=None)]
    found = run({"c.jsonl": "\n".join(map(json.dumps, people))})
    assert [row["subject_id"] for row in found.rows("identities")] == [
        PSEUDONYMS.phone("0701234567"),
        PSEUDONYMS.external("tested", "c2"),
    ]


def test_leads_and_the_register_of_persons_follow_the_settings(run):
    settings = "subjects = false\n" + SETTINGS
    found = run({"c.json": [contact(role="lead")]}, settings)
    assert found.rows("subjects") == []
    assert found.rows("data_records")[0]["person_category"] == "prospect"


def test_nothing_that_a_person_is_or_wrote_gets_into_an_item(run):
    log = {"id": "a", "activity_type": "bulk_export", "activity_description": "Bo exported Anna", "created_at": 1780315200,
           "performed_by": {"type": "admin", "id": "5", "email": "bo@example.org", "ip": "10.9.8.7"}}  # fmt: skip
    broken = contact(created_at="yesterday", id="c9")
    everything = [
        contact(),
        broken,
        conversation(part(), part("note")),
        log,
        {"type": "contact", "id": "c1", "deleted": True},
    ]
    found = run({"all.json": everything}, SETTINGS)
    texts = json.dumps([dict(getattr(i, "values", None) or getattr(i, "kept", {})) for i in found.items]).lower()
    for secret in (
        "anna",
        "andersson",
        "example",
        "70123",
        "701234567",
        "ume",
        "hello",
        "10.9",
        "yesterday",
        '"c1"',
        "c9",
    ):
        assert secret not in texts


# Consent and preferences


def test_an_opt_in_is_a_consent_and_an_opt_out_its_withdrawal_at_the_latest_possible_instant(run):
    person = contact(opted_in_subscription_types=listed("95"), opted_out_subscription_types=listed("93"))
    consents = run({"c.json": person}, SETTINGS).rows("consents")
    assert [(c["purpose"], c["status"], c["effective_at"]) for c in consents] == [
        ("newsletter", "withdrawn", "2026-07-01T12:00:00Z"),
        ("text_messages", "given", "2026-07-01T12:00:00Z"),
    ]
    assert len({c["consent_id"] for c in consents}) == 2


def test_an_opt_out_type_that_nobody_opted_out_of_is_no_consent(run):
    types = {"type": "list", "data": [{"type": "subscription", "id": "93", "consent_type": "opt_out"}]}
    assert run({"c.json": contact(), "t.json": types}, SETTINGS).rows("consents") == []
    # Nor where a list of the opted-in has it.
    found = run({"c.json": contact(opted_in_subscription_types=listed("93")), "t.json": types}, SETTINGS)
    assert found.rows("consents") == []
    assert "opt-out type without an opt-out" in found.aside


def test_an_opt_out_of_one_type_ends_no_other_purpose_and_no_channel(run):
    found = run({"c.json": contact(opted_out_subscription_types=listed("93", "transactional"))}, SETTINGS)
    assert [c["purpose"] for c in found.rows("consents")] == ["newsletter"]
    assert found.rows("communication_preferences") == []
    assert "subscription type without a purpose" in found.aside


def test_the_general_unsubscription_refuses_email_or_ends_the_named_purposes(run):
    person = contact(unsubscribed_from_emails=True)
    assert run({"c.json": person}, SETTINGS).rows("communication_preferences") == [
        {"subject_id": ANNA, "channel": "email", "preference": "deny", "effective_at": "2026-07-01T12:00:00Z"}
    ]
    found = run({"c.json": person}, 'email_purposes = ["newsletter", "invitations"]')
    assert found.rows("communication_preferences") == []
    assert [(c["purpose"], c["status"]) for c in found.rows("consents")] == [
        ("newsletter", "withdrawn"),
        ("invitations", "withdrawn"),
    ]


def test_a_wish_whose_instant_is_not_there_is_refused_not_guessed(run):
    person = contact(unsubscribed_from_emails=True, opted_in_subscription_types=listed("95"))
    del person["updated_at"]
    found = run({"c.json": person}, SETTINGS)
    assert [(r[2:]) for r in found.refused] == [
        ("communication_preferences", "updated_at", "missing"),
        ("consents", "updated_at", "missing"),
    ]


def test_the_same_wish_in_a_later_export_is_another_row(run):
    person = contact(opted_in_subscription_types=listed("95"))
    rows = run({"c.json": [person, person, person | {"updated_at": 1782907300}]}, SETTINGS).rows("consents")
    assert rows[0] == rows[1]
    assert rows[0]["consent_id"] != rows[2]["consent_id"]


def test_a_list_of_subscriptions_that_was_cut_short_is_not_passed_over(run):
    found = run({"c.json": contact(opted_out_subscription_types=listed("93", more=True))}, SETTINGS)
    assert found.refused == [("c.json", 1, "consents", "opted_out_subscription_types.has_more", "missing")]


def test_a_subscription_type_can_be_named_if_one_has_the_name(run):
    def types(*ids):
        return [{"type": "subscription", "id": i, "default_translation": {"name": "Newsletters"}} for i in ids]

    settings = '[subscriptions]\n"Newsletters" = "newsletter"'
    person = contact(opted_out_subscription_types=listed("93"))
    assert run({"c.json": [person, *types("93")]}, settings).rows("consents")[0]["purpose"] == "newsletter"
    with pytest.raises(AuditError, match=r"subscriptions\.Newsletters: several"):
        run({"c.json": [person, *types("93", "95")]}, settings)
    with pytest.raises(AuditError, match=r"subscriptions\.Newsletters: no subscription type"):
        run({"c.json": person}, settings)


# Conversations


def test_who_writes_first_decides_whether_data_is_collected_or_a_person_contacted(run):
    asked = run({"c.json": conversation()}, SETTINGS)
    assert asked.rows("processing_events") == [
        {
            "event_id": f"tested/conversation/7/{X1}",
            "system_id": "tested",
            "activity_id": "A-SUPPORT",
            "subject_id": X1,
            "operation": "collect",
            "data_category": "notes",
            "occurred_at": "2026-06-01T12:00:00Z",
        }
    ]
    source = conversation()["source"] | {
        "author": {"type": "admin", "id": "5", "email": "Bo@example.org"},
        "delivered_as": "automated",
    }
    (told,) = run({"c.json": conversation(source=source)}, SETTINGS).rows("processing_events")
    assert (told["operation"], told["channel"], told["activity_id"]) == ("contact", "email", "A-NEWS")
    assert told["actor_id"] == PSEUDONYMS.actor("tested", "bo@example.org")


def test_a_conversation_is_held_data(run):
    (record,) = run({"c.json": conversation()}, SETTINGS).rows("data_records")
    assert record["data_category"] == "notes"
    assert record["person_category"] == "client"
    assert (record["collected_at"], record["last_activity_at"]) == ("2026-06-01T12:00:00Z", "2026-06-01T12:01:00Z")


@pytest.mark.parametrize(
    ("given", "operation", "has_actor"),
    [
        (part(), "contact", True),
        (part(type="bot", id="9"), "contact", False),
        (part(type="team", id="9"), "contact", False),
        (part(type="lead", id="c1"), "collect", False),
        (part("close"), "contact", True),
        (part("note"), "use", True),
    ],
)
def test_parts_are_contacts_answers_or_notes(run, given, operation, has_actor):
    event = run({"c.json": conversation(given)}, SETTINGS).rows("processing_events")[1]
    assert (event["operation"], "actor_id" in event) == (operation, has_actor)
    assert ("channel" in event) == (operation == "contact")
    assert event["occurred_at"] == "2026-06-01T12:00:30Z"


def test_a_change_without_a_text_is_no_contact(run):
    found = run({"c.json": conversation(part("close", body=None), part("assignment", body=""), part("fin_says"))})
    assert len(found.rows("processing_events")) == 1
    assert found.aside == ["part without a message", "part without a message", "part of an unknown type"]


def test_a_message_to_a_group_contacts_each(run):
    people = {"contacts": [{"type": "contact", "id": "c1"}, {"type": "contact", "id": "c2"}]}
    events = run({"c.json": conversation(part(), contacts=people)}).rows("processing_events")
    assert [e["operation"] for e in events] == ["collect", "contact", "contact"]
    assert len({e["event_id"] for e in events}) == 3


def test_parts_that_the_answer_left_out_are_missed(run):
    cut = conversation()
    cut["conversation_parts"]["total_count"] = 501
    assert run({"c.json": cut}).refused == [
        ("c.json", 1, "processing_events", "conversation_parts.total_count", "missing")
    ]


def test_an_author_or_a_channel_nobody_knows_is_refused(run):
    source = conversation()["source"]
    found = run({"c.json": [conversation(part(type="robot")), conversation(source=source | {"type": "telex"})]})
    assert [r[3:] for r in found.refused] == [
        ("author.type", "not_in_vocabulary"),
        ("source.type", "not_in_vocabulary"),
    ]


# The log, deletions, receipts


def test_the_admins_log_tells_of_access_and_erasure_and_the_rest_is_settings(run):
    def entry(kind):
        return {
            "id": kind,
            "activity_type": kind,
            "created_at": 1780315200,
            "performed_by": {"type": "admin", "id": "5"},
        }

    kinds = ("bulk_export", "bulk_delete", "seat_change", "brand_new")
    found = run({"log.json": {"type": "activity_log.list", "activity_logs": [entry(k) for k in kinds]}})
    assert [(e["operation"], e["actor_id"]) for e in found.rows("processing_events")] == [
        ("consult", PSEUDONYMS.actor("tested", "5")),
        ("erase", PSEUDONYMS.actor("tested", "5")),
    ]
    assert found.aside == ["activity on settings", "activity of an unknown type"]


def test_a_deletion_needs_an_instant_and_then_ends_the_record(run):
    deleted = {"type": "contact", "id": "c1", "deleted": True}
    found = run({"c.json": [contact(), deleted]})
    assert [r[2:] for r in found.refused] == [("processing_events", "deleted_at", "missing")]
    assert "disposed_at" not in found.rows("data_records")[0]
    notification = {"type": "notification_event", "topic": "contact.deleted", "created_at": 1782907200,
                    "data": {"type": "notification_event_data", "item": {"type": "contact", "id": "c1"}}}  # fmt: skip
    for told in (deleted | {"deleted_at": 1782907200}, notification):
        found = run({"c.json": contact(), "d.json": told}, SETTINGS)
        (event,) = found.rows("processing_events")
        assert (event["operation"], event["subject_id"], event["occurred_at"]) == ("erase", X1, "2026-07-01T12:00:00Z")
        (record,) = found.rows("data_records")
        assert (record["disposal"], record["disposed_at"]) == ("erased", "2026-07-01T12:00:00Z")


def test_an_archived_contact_is_still_held(run):
    found = run({"c.json": [contact(), {"type": "contact", "id": "c1", "archived": True}]})
    assert "disposed_at" not in found.rows("data_records")[0]
    assert found.aside == ["archived or restored contact"]


def test_receipts_of_the_export_job(run):
    text = (
        "user_id,user_external_id,email,name,content_type,receipt_id,received_at,first_unsubscribe\n"
        "c1,7,anna@example.com,Anna,Email,r1,1780315200,1782907200\n"
        "c1,7,anna@example.com,Anna,Chat,r2,1780315200,\n"
        "c1,7,anna@example.com\n"
    )
    found = run({"receipts.csv": text}, SETTINGS)
    assert [
        (e["event_id"], e["subject_id"], e["operation"], e["channel"]) for e in found.rows("processing_events")
    ] == [
        ("tested/receipt/r1", ANNA, "contact", "email"),
        ("tested/receipt/r2", ANNA, "contact", "in_app"),
    ]
    assert found.rows("communication_preferences")[0]["effective_at"] == "2026-07-01T12:00:00Z"
    assert found.refused == [("receipts.csv", 4, "processing_events", None, "malformed")]


# What is wrong


def test_milliseconds_are_noticed(run):
    found = run({"c.json": contact(created_at=1767222000000)})
    assert ("c.json", 1, "data_records", "created_at", "unparsable") in found.refused
    assert found.rows("data_records") == []


@pytest.mark.parametrize("value", ["2026-01-01", -1, 1.5, True, [], "9" * 400, "²"])
def test_an_instant_that_is_no_number_of_seconds_is_refused(run, value):
    assert ("c.json", 1, "data_records", "created_at", "unparsable") in run(
        {"c.json": contact(created_at=value)}
    ).refused


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"id": None}, "id", "missing"),
        ({"role": "robot"}, "role", "not_in_vocabulary"),
        ({"role": None}, "role", "missing"),
        ({"email": ["a"]}, "email", "unparsable"),
        ({"unsubscribed_from_emails": "no"}, "unsubscribed_from_emails", "unparsable"),
        ({"opted_in_subscription_types": []}, "opted_in_subscription_types", "unparsable"),
        ({"opted_in_subscription_types": {"data": [1]}}, "data", "unparsable"),
    ],
)
def test_a_contact_that_is_not_what_it_should_be_is_refused(run, change, column, reason):
    assert [r[3:] for r in run({"c.json": contact(**change)}).refused] == [(column, reason)]


@pytest.mark.parametrize("value", [1, "text", None, {}, {"type": 7}, {"type": ["contact"]}, {"type": "novelty"}])
def test_what_nobody_knows_is_set_aside(run, value):
    assert run({"c.json": [value]}).aside == ["unknown"]


def test_an_answer_that_is_an_error_is_no_empty_list(run):
    error = {"type": "error.list", "errors": [{"code": "unauthorized", "message": "Access Token Invalid"}]}
    with pytest.raises(AuditError, match=r"^2\.json:1: an error that Intercom answered"):
        run({"1.json": contact(), "2.json": error})


def test_a_page_that_says_there_is_more_needs_the_next_one(run):
    def page(number, following):
        after = {"page": number + 1, "starting_after": "x"} if following else None
        return {"type": "list", "data": [contact(id=f"c{number}")],
                "pages": {"type": "pages", "page": number, "next": after}, "total_count": 2}  # fmt: skip

    assert len(run({"1.json": page(1, True), "2.json": page(2, False)}).rows("identities")) == 2
    with pytest.raises(AuditError, match=r"^2\.json:1: pages\.next: the list says that there is a next page"):
        run({"1.json": page(1, True), "2.json": page(2, True)})
    # One second page does not serve two first ones.
    with pytest.raises(AuditError, match="next page"):
        run({"1.json": page(1, True), "1b.json": page(1, True), "2.json": page(2, False)})
    with pytest.raises(AuditError, match=r"^2\.json:1: pages\.page: the list says that there is a former page"):
        run({"2.json": page(2, False)})
    with pytest.raises(AuditError, match="former page"):
        run({"1.json": page(1, True), "2.json": page(2, False), "2b.json": page(2, False)})
