"""Enrolments in benefits, loaded with the registers beside them: accounted for, and known by the person."""

from __future__ import annotations

from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sources.load import load
from tests.functional.houses import policy, write

KEY = Pseudonyms(b"k" * 32)
SOURCES = """
[[source]]
system = "benefits"
system_id = "benify"
files = ["benefits/*.csv"]
recipient_id = "R-BENIFY"
delimiter = ";"
"""
RECIPIENTS = "recipient_id,name,kind,country,agreement,agreement_from\nR-BENIFY,Platform,processor,SE,dpa,2018-05-25\n"
ENROLMENTS = """\
employee_email;employee_number;benefit;provider;enrolled_on;erased_on
anna@prov.example;7;Gym;;2026-07-01;
anna@prov.example;7;Gym;;2026-07-01;
bo@prov.example;8;Gym;R-GYM;2026-08-01;
;9;Gym;;2026-08-32;
;9;Car;;2026-08-31;2026-09-01
"""


def test_enrolments_are_accounted_for_and_disclosures_judged(tmp_path):
    files = {"sources.toml": SOURCES, "recipients.csv": RECIPIENTS, "benefits/q3.csv": ENROLMENTS}
    report = load(tmp_path / "db", [write(tmp_path / "source", files)], policy(), pseudonyms=KEY)
    counts = {t["table"]: (t["read"], t["accepted"], t["duplicate"], t["rejected"]) for t in report.tables}
    assert counts["data_records"] == (5, 3, 1, 1)
    assert counts["processing_events"] == (5, 4, 1, 0)
    assert counts["identities"] == (2, 2, 0, 0)
    with open_workbench(tmp_path / "db", "2026Q3") as wb:
        rejected = wb.con.execute("SELECT file, line, column_name, reason FROM raw.rejected_rows").fetchall()
        assert rejected == [("benefits/q3.csv", 5, "enrolled_on", "unparsable")]
        found = wb["third_party_agreements"]
        assert (found.compliant, found.violation) == (3, 1)
        assert found.reasons["violation"] == {"unknown_recipient": 1}
        (disposed,) = wb.con.execute("SELECT disposal FROM core.data_records WHERE disposed_at IS NOT NULL").fetchall()
        assert disposed == ("erased",)
