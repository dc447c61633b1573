"""A CRM's export in a source folder: the person of a contact, of a mailing and of another system is one."""

from __future__ import annotations

from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sources.load import load
from tests.functional.houses import policy, write

SOURCES = '[[source]]\nsystem = "mira_crm"\nfiles = ["crm/*"]\n[source.processing_activities]\nactivities = "PA-1"\n'
FILES = {
    "sources.toml": SOURCES,
    "crm/contacts.csv": "contact_id,email,name,created_at\n17,Anna@Example.com,Anna Ek,2026-07-01\n18,,Bo Ek,2026-07-01\n",
    "crm/mailings.csv": "mailing_id,sent_at,processing_activity,subject\nM1,2026-07-02T08:00,PA-2,Dear Anna\n",
    "crm/mailing_recipients.csv": "mailing_id,contact_id,email,status\nM1,17,old@example.com,\nM1,18,,skipped\n",
    "crm/preferences.jsonl": (
        '{"preference_id": 1, "contact_id": 17, "email": "anna@example.com", "decided_at": "2026-07-01T09:00",'
        ' "purpose": "newsletter", "status": "given"}\n'
    ),
}


def test_a_mailings_recipient_is_the_contact_whatever_the_address_was(tmp_path):
    key = Pseudonyms(b"k" * 32)
    report = load(tmp_path / "db", [write(tmp_path / "source", FILES)], policy(), pseudonyms=key)
    assert all(t["read"] == t["accepted"] + t["duplicate"] + t["rejected"] for t in report.tables)
    with open_workbench(tmp_path / "db", "2026Q3") as wb:
        found = wb.con.execute(
            "SELECT subject_id, activity_id FROM core.processing_events WHERE operation = 'contact'"
        ).fetchall()
        consents = wb.con.execute("SELECT subject_id FROM core.consents").fetchall()
    assert (found, consents) == ([(key.email("anna@example.com"), "PA-2")], [(key.email("anna@example.com"),)])
    stored = b"".join(p.read_bytes() for p in (tmp_path / "db").rglob("*") if p.is_file()).lower()
    assert [name for name in (b"anna", b"old@", b"example.com", b"bo ek") if name in stored] == []
    assert (
        "crm/mailing_recipients.csv: set aside, as no table takes them: 1 mailing that was not sent" in report.messages
    )
