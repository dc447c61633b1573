"""Intercom's published examples are imported, and its published schemas say whether the importer reads what there is."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sources.load import load
from audit.sources.systems import intercom
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.sources.systems.intercom_options import OPT_OUT, Known, Options, words
from audit.sources.systems.intercom_rows import Source
from audit.sources.systems.json_fields import Maker
from tests.functional.houses import policy

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "intercom"
EXAMPLES = SHARED / "examples"
SPEC = SHARED / "api.intercom.io-2.11.yaml"
CONTEXT = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "intercom")
# Examples have these and the schema of a contact has not; the time of a deletion is what an organisation adds.
BESIDE_THE_SCHEMA = {
    ("contact", "opted_in_subscription_types"),
    ("contact", "opted_out_subscription_types"),
    ("contact_deleted", "deleted_at"),
}

pytestmark = pytest.mark.skipif(
    not SPEC.is_file(), reason="the folder of Intercom's description is not beside this checkout"
)


@pytest.fixture(scope="module")
def schemas():
    return yaml.load(SPEC.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["components"]["schemas"]


def imported(*paths):
    exports = [Export(path, path.name) for path in paths]
    return list(intercom.SYSTEM.rows(exports, CONTEXT, Options()))


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


def index():
    return [row["file"] for row in csv.DictReader((EXAMPLES / "INDEX.csv").read_text("utf-8").splitlines())]


def test_every_example_is_read_and_accounted_for():
    names = index()
    assert len(names) == 76
    # Only an answer whose list is empty gives nothing.
    for name in names:
        if not imported(EXAMPLES / name):
            assert example(name.removesuffix(".json"))["data"] == []
    items = imported(*(EXAMPLES / name for name in names))
    assert Counter(i.table for i in items if isinstance(i, Row)) == {
        "subjects": 5, "identities": 5, "data_records": 18, "processing_events": 18,
    }  # fmt: skip
    assert Counter((i.table, i.column, i.reason) for i in items if isinstance(i, Refused)) == {
        ("processing_events", "deleted_at", "missing"): 1
    }
    aside = Counter(i.kind for i in items if isinstance(i, Aside))
    assert "unknown" not in aside
    assert aside["activity on settings"] == 2
    assert aside["subscription type"] == 5


@pytest.mark.parametrize("name", index() if EXAMPLES.is_dir() else [])
def test_no_row_of_an_example_holds_what_identifies_a_person(name):
    text = (EXAMPLES / name).read_text("utf-8")
    secrets = {v.lower() for v in strings(json.loads(text)) if len(v) > 4 and ("@" in v or " " in v or len(v) == 24)}
    for item in imported(EXAMPLES / name):
        values = getattr(item, "values", None) or getattr(item, "kept", {})
        kept = json.dumps(dict(values)).lower()
        assert not [s for s in secrets if s in kept]


def strings(value):
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def test_of_the_subscription_types_93_is_opt_out_and_95_is_opt_in(tmp_path):
    types = EXAMPLES / "get_contacts_contact_id_subscriptions_successful.json"
    contact = example("get_contacts_contact_id_successful")
    contact["opted_in_subscription_types"]["data"] = [{"type": "subscription", "id": i} for i in ("93", "95")]
    path = tmp_path / "contact.json"
    path.write_text(json.dumps(contact))
    chosen = Options(subscriptions={"93": "newsletter", "95": "text_messages"})
    items = list(intercom.SYSTEM.rows([Export(path, path.name), Export(types, types.name)], CONTEXT, chosen))
    consents = [i.values for i in items if isinstance(i, Row) and i.table == "consents"]
    assert [(c["purpose"], c["status"]) for c in consents] == [("text_messages", "given")]
    assert "opt-out type without an opt-out" in {i.kind for i in items if isinstance(i, Aside)}


def test_a_list_of_events_that_has_a_next_page_is_no_list_of_contacts():
    assert [i.kind for i in imported(EXAMPLES / "get_events_successful_response.json")] == ["event.summary"]


def test_the_examples_load_and_all_but_the_deletion_keep_their_contracts(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(EXAMPLES, source / "intercom")
    (source / "sources.toml").write_text('[[source]]\nsystem = "intercom"\nfiles = ["intercom/*.json"]\n')
    report = load(tmp_path / "db", [source], policy(), pseudonyms=CONTEXT.pseudonyms)
    assert {t["table"]: (t["read"], t["accepted"] + t["duplicate"], t["rejected"]) for t in report.tables} == {
        "subjects": (5, 5, 0), "identities": (5, 5, 0), "data_records": (18, 18, 0), "processing_events": (19, 18, 1),
    }  # fmt: skip
    with open_workbench(tmp_path / "db", "2024Q2") as wb:
        assert wb.con.execute(
            "SELECT count(*) FROM core.processing_events WHERE occurred_at < '2024-06-28'"
        ).fetchone() == (18,)


# The schemas


def test_every_activity_is_mapped_or_set_aside_once(schemas):
    known = schemas["activity_log"]["properties"]["activity_type"]["enum"]
    assert sorted([*words().activities, *words().other_activities]) == sorted(known)


def test_every_kind_of_conversation_has_its_channel_or_none(schemas):
    known = schemas["conversation_source"]["properties"]["type"]["enum"]
    assert sorted([*words().channels, *words().networks]) == sorted(known)


def test_kinds_of_consent_and_authors_are_those_of_the_schemas(schemas):
    consent_types = schemas["subscription_type"]["properties"]["consent_type"]["enum"]
    assert sorted(consent_types) == ["opt_in", OPT_OUT]
    assert set(schemas["ticket_part_author"]["properties"]["type"]["enum"]) <= set(words().authors)


def test_parts_and_authors_of_the_examples_are_known():
    parts, authors = set(), set()
    for name in index():
        conversation = example(name.removesuffix(".json"))
        if conversation.get("type") == "conversation":
            authors.add(conversation["source"]["author"]["type"])
            for part in conversation["conversation_parts"]["conversation_parts"]:
                parts.add(part["part_type"])
                authors.add(part["author"]["type"])
    assert {"open", "close", "note", "snoozed", "assign_and_reopen", "default_assignment"} <= parts
    assert parts <= {*words().messages, *words().notes, *words().changes}
    assert authors <= set(words().authors)


class Watched(dict):
    """An object of a schema that notes which of its fields are asked for."""

    def __init__(self, value, schema, schemas, asked):
        super().__init__(value)
        self.schema, self.schemas, self.asked = schema, schemas, asked

    def get(self, name, default=None):
        self.asked.add((self.schema, name))
        return self._watched(super().get(name, default), name)

    def _watched(self, value, name):
        described = self.schemas.get(self.schema, {}).get("properties", {}).get(name, {})
        if "subscription_types" in name:
            described = {"$ref": "contact_subscription_types"}
        inner = (described.get("$ref") or described.get("items", {}).get("$ref") or f"{self.schema}.{name}").split("/")[
            -1
        ]
        if "." in inner and "properties" in described:
            self.schemas[inner] = described
        if isinstance(value, dict):
            return Watched(value, inner, self.schemas, self.asked)
        if isinstance(value, list):
            return [Watched(v, inner, self.schemas, self.asked) if isinstance(v, dict) else v for v in value]
        return value


@pytest.mark.parametrize(
    ("name", "schema", "kind"),
    [
        ("get_contacts_contact_id_successful", "contact", "identities"),
        ("delete_contacts_contact_id_successful", "contact_deleted", "processing_events"),
        ("post_conversations_conversation_id_reply_user_reply", "conversation", "processing_events"),
        ("get_admins_activity_logs_successful_response", "activity_log", None),
    ],
)
def test_every_field_that_is_read_exists_in_the_schema(schemas, name, schema, kind):
    asked = set()
    record = example(name)
    if schema == "contact":
        record |= {f"opted_{way}_subscription_types": {"data": [{"id": "93"}]} for way in ("in", "out")}
    if schema == "activity_log":
        record = record["activity_logs"][0] | {"activity_type": "bulk_export"}
    source = Source(
        Maker(Export(EXAMPLES, name), 1, CONTEXT), Options(subscriptions={"93": "news"}), Known(), {"93": "news"}
    )
    items = list(intercom.items(source, Watched(record, schema, dict(schemas), asked)))
    assert kind is None or kind in {i.table for i in items if not isinstance(i, Aside)}
    local = dict(schemas)
    Watched(record, schema, local, set()).get("performed_by")
    read = {(s, f) for s, f in asked if (s, f) not in BESIDE_THE_SCHEMA}
    # Which kind of object it is, is asked of every object, of whatever schema.
    read = {(s, f) for s, f in read if s != schema or f not in ("type", "object", "topic", "deleted")}
    assert len(read) > 2 or schema == "contact_deleted"
    assert [(s, f) for s, f in sorted(read) if f not in local[s]["properties"]] == []


def test_the_receipts_columns_exist_in_the_schema(schemas):
    assert set(intercom.RECEIPT) <= set(schemas["data_export_csv"]["properties"])
