"""The synthetic organisation: the same bytes each time, every kind of fault in its answer key, none when it is clean."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from audit.errors import AuditError, UsageError
from audit.policy import load_policy
from audit.run import open_workbench
from audit.sample import Summary, write_sample
from audit.sources.load import LoadReport, load
from audit.statutes import load_law

MIRA = Path(__file__).parents[2] / "data" / "mira"
LAST = "2026Q3"
FEW = 3_000

# checks.md: every outcome that is a finding, with every reason a check can give for it.
REASONS = {
    "lawful_basis": "undetermined no_activity; violation unknown_activity other_clients_activity activity_not_in_force no_legal_basis unknown_purpose basis_not_allowed consent_required",
    "consent_coverage": "undetermined no_subject; violation withdrawn refused expired given_later other_purpose never_given",
    "consent_records": "violation no_evidence no_method no_notice_version backdated",
    "communication_preferences": "undetermined no_subject no_channel; violation all_contact_refused channel_refused; waived channel_refused",
    "cookie_consent": "violation withdrawn refused expired given_later other_purpose never_given",
    "scope_of_processing": "violation purpose_outside_policy person_category_outside_policy data_category_outside_policy system_outside_activity",
    "processor_scope": "violation unknown_client before_contract after_contract between_contracts no_dpa module_not_contracted; waived no_dpa",
    "third_party_agreements": "undetermined no_recipient; violation unknown_recipient no_agreement agreement_not_in_force no_dpa purpose_not_agreed; waived no_agreement",
    "third_country_transfers": "undetermined country_unknown; violation no_safeguard safeguard_not_in_force no_adequacy_decision",
    "access_authorisation": "undetermined no_actor no_system; violation never_granted not_granted_then",
    "retention": "undetermined no_rule no_anchor; violation still_held disposed_late; waived still_held",
    "erasure_effectiveness": "undetermined no_subject; violation processed_after still_held",
    "incident_response": "violation out_of_order stage_skipped late_registered late_analysed late_prioritised late_resolved late_evaluated",
    "breach_documentation": "undetermined not_classified; violation missing_fields",
    "breach_notification_authority": "undetermined risk_not_assessed; violation late_with_reasons late overdue; waived overdue",
    "breach_notification_controller": "undetermined unknown_client; violation late overdue",
    "breach_communication_subjects": "violation late overdue",
    "request_deadlines": "violation late overdue extended_too_late extended_without_reason refused_without_reason; waived overdue",
    "ropa_completeness": "violation missing_fields missing_promised_fields",
    "policy_review": "violation review_overdue; waived review_overdue",
    "log_coverage": "violation silent_source",
}
# One overdue document is accepted; the others are not.
ONCE = {("policy_review", "waived", "review_overdue")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return write_sample(tmp_path_factory.mktemp("clean"), clean=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def key_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "answer_key.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def load_of(folder: Path, db: Path) -> LoadReport:
    return load(db, [folder], load_policy(folder / "policy.toml", load_law()))


def test_the_committed_organisation_is_the_default_sample(made: Summary) -> None:
    committed, now = contents(MIRA), contents(made.folder)
    assert committed.keys() == now.keys()
    assert [name for name in now if committed[name] != now[name]] == []


def test_it_stays_small(made: Summary) -> None:
    assert sum(len(c) for c in contents(made.folder).values()) < 3_000_000


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(made: Summary, tmp_path: Path) -> None:
    one, again, other = (write_sample(tmp_path / str(i), seed=seed, events=FEW) for i, seed in enumerate((1, 1, 2)))
    assert contents(one.folder) == contents(again.folder)
    assert contents(one.folder)["requests.csv"] != contents(other.folder)["requests.csv"]
    assert one.findings == other.findings == made.findings


def test_every_reason_of_every_check_is_planted_twice(made: Summary) -> None:
    expected = {
        (check, part.split()[0], reason)
        for check, text in REASONS.items()
        for part in text.split(";")
        for reason in part.split()[1:]
    }
    planted = Counter((r["check"], r["outcome"], r["reason"]) for r in key_of(made.folder))
    assert planted.keys() == expected
    assert {k for k, n in planted.items() if n < 2} == ONCE


def test_the_answer_key_names_rows_that_are_there(made: Summary, tmp_path: Path) -> None:
    key = key_of(made.folder)
    assert {r["period"] for r in key} == {made.period} == {LAST}
    assert len(key) == len(made.findings) == len({(r["check"], r["item_table"], r["item_key"]) for r in key})
    held = {name: (made.folder / f"{name}.csv").read_text("utf-8") for name in ("requests", "incidents")}
    assert [r for r in key if r["item_table"] in held and f"\n{r['item_key']}," not in held[r["item_table"]]] == []


def test_a_clean_sample_has_nothing_to_find(clean: Summary) -> None:
    assert clean.findings == ()
    assert key_of(clean.folder) == []


@pytest.mark.parametrize("which", ["made", "clean"])
def test_every_row_keeps_its_contract(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    summary: Summary = request.getfixturevalue(which)
    report = load_of(summary.folder, tmp_path / "db")
    assert {t["table"]: (t["accepted"], t["rejected"], t["duplicate"]) for t in report.tables} == {
        table: (rows, 0, 0) for table, rows in summary.rows.items()
    }


def test_every_form_of_file_and_clock_is_used(made: Summary) -> None:
    forms = {f.name.partition(".")[2] for f in made.folder.iterdir()}
    assert forms >= {"csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet", "xlsx"}
    september = (made.folder / "processing_events-2026-09.csv").read_text("utf-8")
    with_system = {line.split(",")[2]: line.split(",")[1] for line in september.splitlines()[1:]}
    assert with_system["mira_crm"].endswith("+02:00")
    assert with_system["targetprocess"].endswith("Z")
    assert len(with_system["recruitment_feed"]) == len("2026-09-01T09:00:00")


def test_another_window_has_the_same_faults_in_its_own_last_quarter(made: Summary, tmp_path: Path) -> None:
    moved = write_sample(tmp_path, start=date(2025, 2, 10), end=date(2026, 5, 20), events=FEW)
    assert moved.period == "2026Q1"
    assert moved.findings == made.findings
    assert "2026-02-19" in (tmp_path / "incidents.csv").read_text("utf-8")


def test_a_clean_window_of_one_quarter_has_nothing_to_refuse_or_find(tmp_path: Path) -> None:
    """Some clients had left before it, and some consents are renewed on a day with mail."""
    made = write_sample(tmp_path / "sample", start=date(2024, 1, 1), end=date(2024, 4, 1), clean=True)
    report = load_of(made.folder, tmp_path / "db")
    assert sum(t["rejected"] for t in report.tables) == 0
    with open_workbench(tmp_path / "db", made.period) as workbench:
        assert {c.check: c.violation for c in workbench.check_all() if c.violation} == {}


def test_work_keeps_office_hours_and_seasons(made: Summary) -> None:
    def rows(month: str) -> list[list[str]]:
        text = (made.folder / f"processing_events-2026-{month}.csv").read_text("utf-8")
        return [line.split(",") for line in text.splitlines()[1:]]

    read = [r[1] for month in ("07", "08", "09") for r in rows(month) if r[2] == "mira_crm" and r[6] == "consult"]
    assert read
    assert all(7 <= int(at[11:13]) < 18 for at in read)
    assert all(date.fromisoformat(at[:10]).isoweekday() < 6 for at in read)
    assert len(rows("07")) * 1.5 < len(rows("09"))


def test_more_events_have_more_persons_and_the_same_faults(made: Summary, tmp_path: Path) -> None:
    fewer = write_sample(tmp_path, events=FEW)
    assert FEW < fewer.rows["processing_events"] < made.rows["processing_events"] / 4
    assert fewer.rows["consents"] < made.rows["consents"] / 2
    assert fewer.findings == made.findings


def test_of_too_few_events_there_are_as_many_as_it_takes(made: Summary, tmp_path: Path) -> None:
    least = write_sample(tmp_path, events=1)
    assert 2000 < least.events < FEW < least.rows["processing_events"]
    assert least.findings == made.findings


def test_the_organisations_own_files_come_along(made: Summary) -> None:
    policy = tomllib.loads((made.folder / "policy.toml").read_text("utf-8"))
    assert policy["organisation"]["policy_version"] == "2018-05-21"
    assert (made.folder / "commitments.toml").exists()
    assert "made up" in (made.folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": date(2026, 8, 1), "end": date(2026, 9, 1)}, "--end"),
        ({"start": date(2019, 1, 1)}, "--start"),
    ],
)
def test_what_cannot_be_made_is_said(arguments: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        write_sample(tmp_path / "new", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["requests.csv", "policy.toml", "CURRENT"])
def test_a_folder_with_other_data_is_left_alone(name: str, tmp_path: Path) -> None:
    """As somebody's registers, policy or database."""
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="other data"):
        write_sample(tmp_path)
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [(name, "mine")]


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AuditError, match="cannot write here"):
        write_sample(tmp_path / "file")


def test_a_sample_is_replaced_by_the_next(tmp_path: Path) -> None:
    write_sample(tmp_path, start=date(2025, 1, 1), end=date(2025, 10, 1), events=FEW)
    write_sample(tmp_path, start=date(2026, 1, 1), clean=True, events=FEW)
    months = {f.name[18:25] for f in tmp_path.glob("processing_events-2*")}
    assert min(months) == "2026-01"
