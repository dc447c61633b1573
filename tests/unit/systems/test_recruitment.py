"""Candidates and applications: what each gives, where the data came from, and what it must not give."""

import json

import pytest

from audit.errors import AuditError
from audit.sources.systems.recruitment import SYSTEM
from tests.unit.systems.importing import PSEUDONYMS, importing

EVA = PSEUDONYMS.email("eva@example.com")
SETTINGS = """
person_category = "candidate"
data_category = "cv"
sourced_data_category = "cv_sourced"
activity = "A-APPLY"
sourced_activity = "A-SOURCE"
future_jobs_purpose = "talent_pool"
"""


def candidate(id_="1", **attributes):
    given = {
        "created-at": "2026-01-01T00:30:00.000+01:00",
        "updated-at": "2026-05-01T12:00:00+02:00",
        "email": "Eva@example.com",
        "first-name": "Eva",
        "last-name": "Ek",
        "pitch": "I am Eva",
        "sourced": False,
        "unsubscribed": False,
    }
    return {"id": id_, "type": "candidates", "attributes": given | attributes}


def application(id_="7", of="1", **attributes):
    given = {
        "cover-letter": "Dear all, Eva",
        "created-at": "2026-02-01T10:00:00+01:00",
        "changed-stage-at": "2026-03-29T02:30:00+01:00",
        "rejected-at": None,
        "sourced": False,
    }
    relation = {"links": {"related": "https://api.example/v1/job-applications/7/candidate"}}
    if of:
        relation["data"] = {"type": "candidates", "id": of}
    return {"id": id_, "type": "job-applications", "attributes": given | attributes,
            "relationships": {"candidate": relation}}  # fmt: skip


def page(*data, **links):
    def url(number):
        return f"https://api.example/v1/candidates?page%5Bnumber%5D={number}&page%5Bsize%5D=30"

    return {"data": list(data), "meta": {"record-count": 99}, "links": {name: url(n) for name, n in links.items()}}


@pytest.fixture
def run(tmp_path):
    return importing(SYSTEM, tmp_path)


def test_a_candidate_is_a_person_an_identity_a_record_and_was_collected(run):
    found = run({"c.json": {"data": candidate()}}, SETTINGS)
    assert found.rows("subjects") == [
        {"subject_id": EVA, "person_category": "candidate", "registered_on": "2026-01-01"}
    ]
    assert found.rows("identities") == [
        {"system_id": "tested", "external_id": PSEUDONYMS.external("tested", "1"), "subject_id": EVA}
    ]
    record_id = PSEUDONYMS.record("tested", "candidates", "1")
    assert found.rows("data_records") == [
        {
            "record_id": record_id,
            "system_id": "tested",
            "subject_id": EVA,
            "person_category": "candidate",
            "data_category": "cv",
            "collected_at": "2026-01-01T00:30:00+01:00",
        }
    ]
    assert found.rows("processing_events") == [
        {
            "event_id": f"tested/collect/{record_id}",
            "system_id": "tested",
            "subject_id": EVA,
            "activity_id": "A-APPLY",
            "data_category": "cv",
            "operation": "collect",
            "occurred_at": "2026-01-01T00:30:00+01:00",
        }
    ]


def test_the_day_of_registration_is_the_organisations(run):
    found = run({"c.json": {"data": candidate(**{"created-at": "2026-06-30T23:00:00Z"})}})
    assert found.rows("subjects")[0]["registered_on"] == "2026-07-01"
    found = run({"c.json": {"data": candidate(**{"created-at": "9999-12-31T23:59:59Z"})}})
    assert found.rows("subjects")[0]["registered_on"] == "9999-12-31", "where that lies beyond all years, as written"


def test_what_did_not_come_from_the_person_is_of_another_activity_and_category(run):
    found = run({"a.json": {"data": [candidate(sourced=True), application(sourced=True)]}}, SETTINGS)
    assert {r["data_category"] for r in found.rows("data_records")} == {"cv_sourced"}
    assert {(e["activity_id"], e["data_category"]) for e in found.rows("processing_events")} == {
        ("A-SOURCE", "cv_sourced")
    }
    # Each record says it for itself: a sourced candidate may apply, too.
    found = run({"a.json": {"data": [candidate(sourced=True), application()]}}, SETTINGS)
    assert [r["data_category"] for r in found.rows("data_records")] == ["cv_sourced", "cv"]


@pytest.mark.parametrize("order", [1, -1])
def test_retention_runs_from_the_latest_instant_of_the_applications(run, order):
    resources = [
        candidate(),
        application("7"),
        application("8", **{"rejected-at": "2026-03-29T03:00:00+02:00"}),  # half an hour earlier, whatever the text
        application("9", **{"changed-stage-at": None, "rejected-at": "2026-03-29T01:00:00Z"}),
    ]
    found = run({"a.json": {"data": resources[::order]}}, SETTINGS)
    active = {r["record_id"]: r["last_activity_at"] for r in found.rows("data_records")}
    assert active[PSEUDONYMS.record("tested", "job-applications", "8")] == "2026-03-29T02:30:00+01:00"
    assert active[PSEUDONYMS.record("tested", "job-applications", "9")] == "2026-03-29T01:00:00+00:00"
    assert active[PSEUDONYMS.record("tested", "candidates", "1")] == "2026-03-29T02:30:00+01:00"
    assert {r["subject_id"] for r in found.rows("data_records")} == {EVA}


def test_an_included_candidate_is_the_applications_person(run):
    document = {"data": application(of="1"), "included": [candidate(), {"id": "26", "type": "jobs", "attributes": {}}]}
    found = run({"a.json": document}, SETTINGS)
    assert [r["subject_id"] for r in found.rows("data_records")] == [EVA, EVA]
    assert found.aside == ["jobs"]


def test_an_application_may_know_its_candidate_by_the_candidates_list_or_by_the_id_only(run):
    listing = candidate() | {"relationships": {"job-applications": {"data": [{"type": "job-applications", "id": "7"}]}}}
    found = run({"a.json": {"data": [application(of=None), listing]}})
    assert found.rows("data_records")[0]["subject_id"] == EVA
    assert run({"a.json": {"data": application(of="2")}}).rows("data_records")[0]["subject_id"] == (
        PSEUDONYMS.external("tested", "2")
    )
    assert "subject_id" not in run({"a.json": {"data": application(of=None)}}).rows("data_records")[0]


def test_consent_for_future_jobs_has_its_instant_and_the_organisations_purpose(run):
    person = candidate(**{"consent-future-jobs-at": "2026-04-01T08:00:00+02:00"})
    (consent,) = run({"c.json": {"data": person}}, SETTINGS).rows("consents")
    assert (consent["subject_id"], consent["purpose"], consent["status"], consent["effective_at"]) == (
        EVA, "talent_pool", "given", "2026-04-01T08:00:00+02:00")  # fmt: skip
    found = run({"c.json": {"data": person}})
    assert found.rows("consents") == []
    assert found.aside == ["consent without a purpose"]


def test_an_unsubscription_refuses_email_or_ends_the_named_purposes(run):
    person = {"data": candidate(unsubscribed=True)}
    assert run({"c.json": person}).rows("communication_preferences") == [
        {"subject_id": EVA, "channel": "email", "preference": "deny", "effective_at": "2026-05-01T12:00:00+02:00"}
    ]
    found = run({"c.json": person}, 'email_purposes = ["talent_pool"]')
    assert [(c["purpose"], c["status"]) for c in found.rows("consents")] == [("talent_pool", "withdrawn")]
    assert found.rows("communication_preferences") == []


def test_a_deletion_that_was_noted_ends_the_record(run):
    found = run({"c.json": {"data": candidate(**{"deleted-at": "2026-06-01T00:00:00Z"})}}, SETTINGS)
    (record,) = found.rows("data_records")
    assert (record["disposal"], record["disposed_at"]) == ("erased", "2026-06-01T00:00:00+00:00")
    assert [(e["operation"], e["occurred_at"][:10]) for e in found.rows("processing_events")] == [
        ("collect", "2026-01-01"), ("erase", "2026-06-01")]  # fmt: skip


def test_a_clients_candidates_are_the_clients(tmp_path):
    files = {"a.json": {"data": [candidate(unsubscribed=True), application()]}}
    found = importing(SYSTEM, tmp_path, client_id="K1")(files, SETTINGS)
    assert {i.values["client_id"] for i in found.items if i.table != "identities"} == {"K1"}


def test_the_register_of_persons_may_be_kept_elsewhere(run):
    assert "subjects" not in run({"c.json": {"data": candidate()}}, "subjects = false").tables


def test_nothing_that_a_person_is_or_wrote_gets_into_an_item(run):
    resources = [candidate(phone="+46701234567"), application(), candidate("2", email=None, phone="0701234567"),
                 candidate("3", **{"created-at": "yesterday, Eva"})]  # fmt: skip
    found = run({"a.json": {"data": resources}}, SETTINGS)
    assert len(found.refused) == 3
    texts = json.dumps([dict(getattr(i, "values", None) or i.kept) for i in found.items]).lower()
    for secret in ("eva", "example", '"ek"', "0701", "4670", "dear", "yesterday"):
        assert secret not in texts


@pytest.mark.parametrize(
    ("attributes", "column", "reason"),
    [
        ({"created-at": None}, "created-at", "missing"),
        ({"created-at": "01/02/2026"}, "created-at", "unparsable"),
        ({"created-at": 1767222000}, "created-at", "unparsable"),
        ({"email": {}}, "email", "unparsable"),
        ({"sourced": "yes"}, "sourced", "unparsable"),
    ],
)
def test_a_candidate_that_is_not_what_it_should_be_is_refused(run, attributes, column, reason):
    found = run({"c.json": {"data": candidate(**attributes)}})
    assert {r[3:] for r in found.refused} == {(column, reason)}
    assert found.rows("data_records") == []


def test_an_application_whose_rejection_cannot_be_read_is_refused_not_kept_without_it(run):
    found = run({"a.json": {"data": [candidate(), application(**{"rejected-at": "last week"})]}})
    assert [r[2:] for r in found.refused] == [("data_records", "rejected-at", "unparsable")]
    assert len(found.rows("data_records")) == 1


@pytest.mark.parametrize("value", [1, None, {}, {"type": "novelties"}, {"type": 3}])
def test_what_nobody_knows_is_set_aside(run, value):
    assert run({"c.json": {"data": [value]}}).aside == ["unknown"]


def test_an_answer_that_is_an_error_is_no_empty_list(run):
    with pytest.raises(AuditError, match=r"^1\.json:1: an error that the API answered"):
        run({"1.json": {"errors": [{"title": "Record not found", "status": "404"}]}})


def test_a_next_page_must_be_given_and_the_last_one_is_not_believed(run):
    first, second = page(candidate("1"), first=1, next=2, last=41), page(candidate("2"), first=1, prev=1, last=41)
    assert len(run({"1.json": first, "2.json": second}).rows("identities")) == 2
    assert len(run({"1.json": page(candidate(), first=1, last=41)}).rows("identities")) == 1
    with pytest.raises(AuditError, match=r"^1\.json:1: links\.next: the list links to a next page"):
        run({"1.json": first})
    with pytest.raises(AuditError, match=r"^2\.json:1: links\.next"):
        run({"1.json": first, "2.json": page(candidate("2"), first=1, prev=1, next=3)})
    with pytest.raises(AuditError, match=r"^2\.json:1: links\.prev: the list links to a former page"):
        run({"2.json": second})
    # The second page of another list is not the one.
    other = json.loads(json.dumps(second).replace("/candidates", "/users"))
    with pytest.raises(AuditError, match="next page"):
        run({"1.json": first, "2.json": other})
    with pytest.raises(AuditError, match="next page"):
        run({"1.json": first | {"links": {"next": "https://api.example/v1/candidates?page%5Bafter%5D=x"}}})
