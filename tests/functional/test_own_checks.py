"""A check of one's own: written by the command, tried by its worked cases, run on data, and kept with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from audit.cli import main
from audit.display import Page, Shown
from audit.display_draft import Draft
from audit.errors import UsageError
from audit.places import shipped
from audit.run import open_workbench
from audit.snapshot import read_snapshot

REQUESTS = """request_id,kind,received_at,answered_at,subject_id
R1,access,2026-08-01T10:00:00Z,2026-08-03T10:00:00Z,S1
R2,access,2026-08-01T10:00:00Z,2026-08-03T10:00:00Z,
R3,access,2026-08-01T10:00:00Z,,
"""
# What the page expects of its pending case.
PENDING = """| item | outcome | reason |
|---|---|---|
| R1 | pending | |

### Edge"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An organisation with three requests and one check of its own, `named`; the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "house"
    folder.mkdir()
    for name in ("policy.toml", "commitments.toml"):
        shutil.copy(shipped("mira") / name, folder)
    (folder / "requests.csv").write_text(REQUESTS)
    assert run("new", "named") == 0
    return folder


def run(command: str, *words: str) -> int:
    return main([command, *words, "--policy", "house/policy.toml", "--quiet"])


def load() -> int:
    return main(["load", "house", "--db", "db", "--quiet"])


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


WAIVERS = """waiver_id,check,reason,granted_by,granted_on,expires_on,justification
W1,named,,DPO,2026-07-01,2026-12-01,"On two
lines"
W2,retentoin,,DPO,2026-07-01,2026-12-01,
W3,retentoin,,DPO,2026-07-01,2026-12-01,Anna Berg
W4,anna.berg,,DPO,2026-07-01,2026-12-01,Known
W5,retention,no_rule,DPO,2026-07-01,2026-12-01,Known
W6,policy_review,review_overdue,DPO,2026-07-01,2026-12-01,Known
"""


def test_a_load_says_what_names_a_check_that_nobody_knows(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "waivers.csv").write_text(WAIVERS)
    replace(house / "commitments.toml", '[{check = "access_authorisation"}]', '[{check = "access"}]')
    replace(house / "commitments.toml", 'evidence = [{check = "policy_review"}]', 'evidence = [{check = "named"}]')
    assert main(["load", "house", "--db", "db"]) == 0
    told = (line for line in capsys.readouterr().err.splitlines() if "rejected" not in line)
    lines = [line for line in told if line.startswith(("commitments", "waivers"))]
    assert [line.split(";")[0] for line in lines] == [
        "commitments.toml: P17: no such check",
        "waivers.csv:5: check: no such check",
        "waivers.csv:6: check: no such check",
        "waivers.csv:7: reason: no violation of the check has such a reason",
    ]
    assert lines[1].endswith("the waiver covers nothing; expected retention")
    assert "anna" not in " ".join(lines), "what stands there may be a person"


def test_what_is_written_is_a_whole_check(house: Path, capsys):
    assert run("test") == 0
    assert "named: 5 of 5 worked cases hold" in said(capsys)
    assert load() == 0
    capsys.readouterr()
    assert main(["check", "--db", "db", "--period", "2026Q3", "--only", "named", "--json"]) == 1
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert [check[k] for k in ("population", "compliant", "violation", "pending")] == [3, 1, 1, 1]
    assert check["reasons"]["violation"] == {"answered_unnamed": 1}


def test_it_is_a_check_as_any_other(house: Path, capsys):
    load()
    with open_workbench("db", "2026Q3") as workbench:
        results = workbench.check_all(["named", "request_deadlines"])
        assert results.manifest["checks"]["named"] == workbench.catalog["named"].sha256
        (finding,) = results["named"].findings()
        assert [row["request_id"] for row in workbench.evidence(finding.finding_id)[0].rows] == ["R2"]
        for language in ("en", "sv"):
            page = Page(results, language, catalog=workbench.catalog)
            assert page.rest()
            assert page.method("named").block["kind"] == "method"
    assert main(["explain", "named", "--db", "db"]) == 0
    assert "names the person" in said(capsys)


def test_what_the_sql_says_otherwise_is_told_by_case_and_line(house: Path, capsys):
    replace(house / "checks/named/check.sql", "when is_answered then 'violation'", "when is_answered then 'compliant'")
    assert run("test", "named") == 4
    page = (house / "checks/named/check.md").read_text().splitlines()
    line = page.index("### Violation: answered, and nobody knows whose it was") + 1
    text = said(capsys)
    assert "named: 3 of 5 worked cases hold" in text
    assert f"check.md:{line}: Violation: answered, and nobody knows whose it was: R1: outcome is compliant" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("check.sql", ("from asked", "from asked where subject_id is null"), "R1: expected, and not in the population"),
        ("check.sql", ("received_at < $end and ", ""), "R3: in the population, and not expected"),
        ("check.sql", ("answered_at < $as_of", "anwsered_at < $as_of"), "check.sql does not run"),
        ("check.sql", ("    source_row,\n", ""), "must begin with the columns"),
        ("check.md", ("| R1 | C1 | access |", "| R1 | C1 | acess |"), None),
        ("check.md", ("| request_id | client_id |", "| request_id | clint_id |"), "core.requests has no such column"),
        (
            "check.md",
            ("2026-08-01 12:00 | 2026-08-10 12:00 |\n\n", "soon | 2026-08-10 12:00 |\n\n"),
            "cannot hold a row",
        ),
        ("check.md", ("| processor | C1 | 2026-08-01 12:00 |", "| processor | C1 | soon |"), "expected soon"),
        (
            "check.md",
            ("`2026-08-10T12:00+02:00`, p", "`noon`, p"),
            "Edge: an answer at the as-of instant has not happened yet: ",
        ),
        (
            "check.md",
            ("`2026-07-01/2026-08-10`", "`2026Q9`"),
            "Edge: an answer at the as-of instant has not happened yet: ",
        ),
        ("check.md", (PENDING, PENDING.replace("item", "key")), "check.md:66: item: an expected row must have it"),
        (
            "check.md",
            (PENDING, PENDING.replace("outcome", "kind")),
            "check.md:66: outcome: an expected row must have it",
        ),
        ("check.sql", ("from asked", "from asked cross join (values (1), (2)) as twice (n)"), "R1: judged 2 times"),
        ("check.toml", ("t.request_id = f.item", "t.reqest_id = f.item"), "the evidence of core.requests does not run"),
        (
            "check.toml",
            ('"core.requests"\nwhere', '"core.reqests"\nwhere'),
            "the evidence of core.reqests does not run",
        ),
        ("check.sql", ("from asked", "from asked  -- at a price of $amount\nwhere '$start' <> '$who'"), None),
        ("check.toml", ("[[evidence]]", 'unseen = "Never."\n\n[[evidence]]'), "the reason unseen of violation has no"),
    ],
)
def test_each_fault_is_told(house: Path, capsys, file, change, says):
    path = house / "checks/named" / file
    path.write_text(path.read_text().replace(*change))
    if "unseen" in change[1]:
        replace(house / "checks/named/check.sv.toml", "[details]", 'unseen = "Aldrig."\n\n[details]')
    assert run("test") == (4 if says else 0)
    assert (says or "5 of 5") in said(capsys)


def test_no_case_is_said_to_hold_that_was_not_tried(house: Path, capsys):
    path = house / "checks/named/check.sql"
    path.write_text(path.read_text().replace("request_id as item", "request_id as thing"))
    assert run("test") == 4
    assert "named: none of 5 worked cases could be tried" in said(capsys)


def test_what_to_type_next_asks_under_the_same_policy_and_the_same_question(house: Path, capsys):
    load()
    words = ["--db", "db", "--period", "2026Q3", "--only", "named", "--role", "controller", "--as-of", "2026-10-01"]
    assert main(["check", *words, "--policy", "house/policy.toml"]) == 1
    shown = " ".join(said(capsys).split())
    for command in (
        "audit explain named --db db --policy house/policy.toml",
        "--only named --as-of 2026-10-01 --role controller --db db --policy house/policy.toml --findings findings.csv",
        "audit report --period 2026Q3 --db db --policy house/policy.toml",
    ):
        assert command in shown


def test_a_load_keeps_the_checks_with_its_data(house: Path, capsys):
    load()
    replace(house / "checks/named/check.sql", "when is_answered then 'violation'", "when is_answered then 'pending'")
    with open_workbench("db", "2026Q3") as workbench:
        assert workbench["named"].violation == 1, "what was loaded is what is asked"
    assert load() == 0
    assert read_snapshot(Path("db")).number == 2, "another rule is another state, of the same files"
    for snapshot, violations in ((1, 1), (2, 0)):
        with open_workbench("db", "2026Q3", snapshot=snapshot) as workbench:
            assert workbench["named"].violation == violations
    assert load() == 0
    assert read_snapshot(Path("db")).number == 2


def test_a_check_beside_the_policy_file_that_is_given_is_asked_without_a_load(house: Path, capsys):
    load()
    assert run("new", "other") == 0
    assert main(["check", "--db", "db", "--period", "2026Q3", "--only", "other", "--quiet"]) == 2
    assert run("check", "--db", "db", "--period", "2026Q3", "--only", "other") == 1


def test_a_load_refuses_a_check_that_is_not_as_agreed(house: Path, capsys):
    load()
    replace(house / "checks/named/check.toml", 'severity = "medium"', 'severity = "terrible"')
    assert load() == 4
    assert "check.toml:5: severity: not in the vocabulary" in said(capsys)
    assert read_snapshot(Path("db")).number == 1
    with open_workbench("db", "2026Q3") as workbench:
        assert workbench["named"].violation == 1


def test_what_is_no_check_in_the_folder_is_left_alone(house: Path, capsys):
    notes = house / "checks" / "notes"
    notes.mkdir()
    (notes / "idea.md").write_bytes(b"\xff\xfe")
    assert load() == 0
    assert not list(Path("db/house").glob("*/checks/notes"))


@pytest.mark.parametrize("name", ["Named", "na-med", "../named", "consent_coverage", "named"])
def test_a_name_that_is_none_or_taken_is_refused(house: Path, capsys, name):
    before = sorted(house.rglob("*"))
    assert run("new", name) == 2
    assert "audit: " in said(capsys)
    assert sorted(house.rglob("*")) == before


def test_nothing_is_tried_where_there_is_nothing(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["test"]) == 2
    (tmp_path / "house").mkdir()
    shutil.copy(shipped("mira") / "policy.toml", tmp_path / "house")
    assert run("test") == 2
    assert "audit new CHECK" in said(capsys)
    assert run("test", "policy_review", "scope_of_processing") == 0, "not under the organisation's purposes"
    assert "policy_review: " in said(capsys)


def test_the_packages_own_checks_are_tried_anywhere(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["test", "policy_review", "lawful_basis"]) == 0
    assert "policy_review: " in capsys.readouterr().out
    assert main(["test", "policy_review", "--policy", "mine.toml"]) == 3


def test_a_draft_leaves_the_organisations_own_files_alone(house: Path, capsys):
    load()
    before = {path: path.read_bytes() for path in house.rglob("*") if path.is_file()}
    draft = Draft("ends", "db")
    assert [row[0] for row in draft.files().block["rows"]] == ["check.md", "check.sql", "check.sv.toml", "check.toml"]
    assert "5 of 5" in shown(draft.test()[0])
    draft.write("check.sql", (house / "checks/named/check.sql").read_text().replace("'pending'", "'compliant'"))
    held, table = draft.test()
    assert "3 of 5" in shown(held)
    assert sorted({row[2] for row in table.block["rows"]}) == ["R1: outcome is compliant, expected pending"]
    draft.write("check.toml", "\ntitle = Every\n")
    assert "check.toml:1: not TOML" in shown(draft.test()[0])
    with pytest.raises(UsageError, match="the check has no such file"):
        draft.write("other.sql", "")
    assert {path: path.read_bytes() for path in house.rglob("*") if path.is_file()} == before


def shown(display: Shown) -> str:
    text: str = display._repr_mimebundle_()["text/plain"]
    return text
