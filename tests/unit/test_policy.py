"""The law and the policy are read strictly: what is wrong is refused at its line."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from audit.errors import AuditError, UsageError
from audit.policy import load_commitments, load_policy
from audit.statutes import LAW_FOLDER, load_law

MIRA = Path(__file__).parents[2] / "data" / "mira"


def changed(folder, source, old, new):
    """A copy of a file in which a text stands for another, and the line that text begins on."""
    text = source.read_text("utf-8")
    assert old in text
    path = folder / source.name
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path, text[: text.index(old)].count("\n") + 1


@pytest.fixture
def law_folder(tmp_path):
    return Path(shutil.copytree(LAW_FOLDER, tmp_path / "law"))


def test_the_shipped_law_has_the_limits_and_their_sources():
    values = {row["name"]: row for row in load_law().values()}
    assert {n: (v["value"], v["unit"]) for n, v in values.items()} == {
        "request_first": (1, "months"),
        "request_extended": (3, "months"),
        "breach_authority": (72, "hours"),
        "bookkeeping": (7, "years"),
    }
    assert values["breach_authority"]["source"] == "GDPR 33(1)"


def test_a_limit_that_was_not_in_force_is_told_with_its_first_day():
    law = load_law()
    assert law.limit("breach_authority", date.max).value.words == "72 hours", "it has no end"
    with pytest.raises(UsageError, match="on 2018-05-24; expected a day from 2018-05-25 on"):
        law.limit("breach_authority", date(2018, 5, 24))


def in_force(entries, name, day):
    return [e for e in entries if e.name == name and e.valid_from <= day and (e.valid_to is None or day < e.valid_to)]


@pytest.mark.parametrize(
    ("country", "day", "adequate"),
    [
        ("US", date(2015, 10, 5), True),
        ("US", date(2015, 10, 6), False),
        ("US", date(2020, 7, 15), True),
        ("US", date(2020, 7, 16), False),
        ("US", date(2023, 7, 9), False),
        ("US", date(2023, 7, 10), True),
        ("GB", date(2021, 6, 27), False),
        ("GB", date(2025, 12, 18), True),
        ("GB", date(2025, 12, 19), True),
        ("GB", date(2031, 12, 27), True),
        ("GB", date(2031, 12, 28), False),
        ("BR", date(2026, 1, 25), False),
        ("BR", date(2026, 1, 26), True),
        ("IN", date(2026, 1, 26), False),
        ("HU", date(2004, 4, 30), True),
        ("HU", date(2004, 5, 1), False),
    ],
)
def test_an_adequacy_decision_counts_on_its_days(country, day, adequate):
    assert bool(in_force(load_law().adequacy, country, day)) is adequate


@pytest.mark.parametrize(
    ("country", "day", "inside"),
    [
        ("HR", date(2013, 6, 30), False),
        ("HR", date(2013, 7, 1), True),
        ("NO", date(2026, 7, 1), True),
        ("GB", date(2020, 12, 31), True),
        ("GB", date(2021, 6, 28), False),
        ("GI", date(2020, 12, 31), True),
        ("GI", date(2021, 1, 1), False),
        ("HU", date(2004, 4, 30), False),
        ("HU", date(2004, 5, 1), True),
        ("CH", date(2026, 7, 1), False),
    ],
)
def test_the_eea_has_its_members_on_their_days(country, day, inside):
    assert bool(in_force(load_law().eea, country, day)) is inside


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("time_limits", 'value = "PT72H"', 'value = "72 hours"', "not a duration"),
        ("time_limits", 'value = "PT72H"', 'value = "PT999999999H"', "ends beyond the year 9999"),
        ("time_limits", 'value = "PT72H"', 'value = "P1DT1H"', "mixed units"),
        ("time_limits", 'source = "GDPR 33(1)"', 'origin = "GDPR 33(1)"', "missing key"),
        ("time_limits", 'source = "GDPR 33(1)"', 'source = " "', "empty"),
        ("time_limits", 'source = "GDPR 33(1)"', 'source = "GDPR 33(1)"\nunit = "hours"', "unknown key"),
        ("adequacy", "valid_from = 2016-07-12", 'valid_from = "2016-07-12"', "wrong type"),
        ("adequacy", "valid_from = 2016-07-12", "valid_from = 2016-07-12T00:00:00", "wrong type"),
        ("adequacy", "valid_from = 2016-07-12", "valid_from = 2015-10-05", "overlap"),
        ("adequacy", "valid_to = 2020-07-16", "valid_to = 2016-07-12", "ends before it starts"),
        ("legal_bases", 'name = "contract"', 'name = "consent"', "overlap"),
        ("eea", "valid_to = 2021-01-01", "valid_to = ", "not TOML"),
    ],
)
def test_wrong_law_is_refused_at_its_line(law_folder, file, old, new, message):
    path, line = changed(law_folder, LAW_FOLDER / f"{file}.toml", old, new)
    with pytest.raises(AuditError, match=message) as caught:
        load_law(law_folder)
    assert caught.value.file == path
    assert line - 4 <= caught.value.line <= line + 3  # the key, or where the table begins or its dates stand


def test_the_end_of_one_value_may_be_the_start_of_the_next(law_folder):
    changed(
        law_folder,
        LAW_FOLDER / "time_limits.toml",
        'source = "GDPR 33(1)"',
        'valid_to = 2027-01-01\nsource = "old"\n\n[[limit]]\nname = "breach_authority"\nvalue = "PT96H"\n'
        'valid_from = 2027-01-01\nsource = "new"',
    )
    law = load_law(law_folder)
    assert [law.limit("breach_authority", date(y, 1, 1)).value.words for y in (2026, 2027)] == ["72 hours", "96 hours"]


def test_the_organisations_policy_is_read_whole():
    policy = load_policy(MIRA / "policy.toml", load_law())
    assert (policy.name, policy.country, policy.zone.key) == ("Mira Network AB", "SE", "Europe/Stockholm")
    assert policy.purposes["newsletter"].consent_channels == ("email", "sms")
    assert policy.targets["critical"]["registered"].words == "4 hours"
    assert policy.targets["low"] == policy.targets["default"]
    assert [c.id for c in policy.commitments] == [f"P{n:02}" for n in range(1, 27)]
    assert all(c.promise and c.promise_sv and c.evidence for c in policy.commitments)
    assert set(policy.sha256) == {"policy.toml", "commitments.toml", "transparency.toml", "dpv.toml", "words.sv.toml"}


def test_every_table_has_rows_as_wide_as_its_columns():
    law = load_law()
    policy = load_policy(MIRA / "policy.toml", law)
    for name, (columns, rows) in (law.tables(policy) | policy.tables()).items():
        assert rows or name == "house.named_countries", name  # the policy names none
        assert {len(row) for row in rows} <= {len(columns)}, name


def test_without_commitments_beside_it_a_policy_has_none(tmp_path):
    path = Path(shutil.copy(MIRA / "policy.toml", tmp_path))
    assert load_policy(path, load_law()).commitments == ()


@pytest.mark.parametrize(
    ("old", "new", "column", "message"),
    [
        ('zone = "Europe/Stockholm"', 'zone = "Europe"', "organisation.zone", "not a time zone"),
        ('zone = "Europe/Stockholm"', 'zone = "../x"', "organisation.zone", "not a time zone"),
        ('country = "SE"', 'country = "Sweden"', "organisation.country", "holidays of this country"),
        ('erasure_grace = "P30D"', "erasure_grace = 30", "deadlines.erasure_grace", "wrong type"),
        ('erasure_grace = "P30D"', 'erasure_grace = "30 days"', "deadlines.erasure_grace", "not a duration"),
        ('erasure_grace = "P30D"', 'erasure_grace = "P1001Y"', "deadlines.erasure_grace", "ends beyond the year 9999"),
        ('resolved = "P7D"', 'resolved = "PT999999999H"', "incident_targets.critical.resolved", "beyond the year 9999"),
        ('erasure_grace = "P30D"', 'erasure_grase = "P30D"', "deadlines.erasure_grace", "missing key"),
        ("eves_as_holidays = false", "eves_as_holidays = 0", "deadlines.eves_as_holidays", "wrong type"),
        ('bases = ["consent"]', 'bases = ["consnet"]', "purposes.newsletter.bases", "not in the vocabulary"),
        ('bases = ["consent"]', "bases = []", "purposes.newsletter.bases", "empty"),
        ('["email", "sms"]', '["email", "email"]', "purposes.newsletter.consent_channels", "stands twice"),
        ("[incident_targets.high]", "[incident_targets.urgent]", "incident_targets.urgent", "unknown key"),
        ('languages = ["en", "sv"]', 'languages = ["en", "de"]', "reporting.languages", "not in the vocabulary"),
        ("suppress_below = 5", "suppress_below = -5", "reporting.suppress_below", "negative"),
        ("suppress_below = 5", "suppress_below = true", "reporting.suppress_below", "wrong type"),
        ("[reporting]", "[report]", "reporting", "missing key"),
        ("suppress_below = 5", "suppress_below = 5\n[more]", "more", "unknown key"),
    ],
)
def test_a_wrong_policy_is_refused_at_its_line(tmp_path, old, new, column, message):
    path, line = changed(tmp_path, MIRA / "policy.toml", old, new)
    with pytest.raises(AuditError, match=message) as caught:
        load_policy(path, load_law())
    error = caught.value
    assert (error.file, error.column, error.exit_code) == (path, column, 3)
    if message not in {"missing key", "unknown key"}:
        assert error.line == line


def test_a_policy_may_begin_with_the_mark_of_an_editor(tmp_path):
    (tmp_path / "policy.toml").write_bytes(b"\xef\xbb\xbf" + (MIRA / "policy.toml").read_bytes())
    assert load_policy(tmp_path / "policy.toml", load_law()).name == "Mira Network AB"


def test_a_missing_or_unreadable_policy_is_the_users_error(tmp_path):
    with pytest.raises(AuditError, match="cannot be read"):
        load_policy(tmp_path / "policy.toml", load_law())
    (tmp_path / "latin.toml").write_bytes('name = "Åre"'.encode("latin-1"))
    with pytest.raises(AuditError, match="not UTF-8"):
        load_policy(tmp_path / "latin.toml", load_law())


def test_commitments_are_refused_where_an_id_stands_twice_or_a_key_is_unknown(tmp_path):
    path, line = changed(tmp_path, MIRA / "commitments.toml", 'id = "P02"', 'id = "P01"')
    with pytest.raises(AuditError, match="stands twice") as caught:
        load_commitments(path)
    assert caught.value.line == line
    path, _ = changed(tmp_path, MIRA / "commitments.toml", 'kind = "complaint"', 'sort = "complaint"')
    with pytest.raises(AuditError, match="unknown key"):
        load_commitments(path)


def test_a_promise_says_which_kind_of_request_evidences_it():
    evidence = {c.id: c.evidence for c in load_commitments(MIRA / "commitments.toml")}
    assert evidence["P24"] == ({"check": "request_deadlines", "kind": "complaint"},)
    assert evidence["P25"] == (
        {"check": "request_deadlines", "kind": "rectification"},
        {"check": "erasure_effectiveness"},
    )
