"""A check's folder is refused, with file and line, when anything in it is not as agreed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from audit.casebook import read_cases
from audit.catalog import load_catalog, load_check
from audit.errors import CheckError

CHECK = load_catalog()["consent_coverage"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "my_check"
    shutil.copytree(CHECK.folder, target)
    return target


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def refusal(folder: Path) -> CheckError:
    with pytest.raises(CheckError) as caught:
        load_check(folder)
    return caught.value


def test_the_copied_folder_is_accepted(folder: Path) -> None:
    assert load_check(folder).name == "my_check"


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        ('severity = "high"', 'severity = "grave"', 4, "severity", "vocabulary"),
        ('amount_unit = "hours"', 'amount_unit = "weeks"', 7, "amount_unit", "vocabulary"),
        ('chart = "months"', 'chart = "pie"', 8, "chart", "vocabulary"),
        ('title = "Processing', 'title = "Ensure that processing', 1, "title", "an order"),
        ("was valid?", "was valid.", 2, "question", "question"),
        ('article = "GDPR 6(1)(a), 7(1), 7(3)"', 'article = " "', 3, "article", "not a text"),
        ('article = "GDPR 6(1)(a), 7(1), 7(3)"', "article = 6", 3, "article", "not a text"),
        ('key = "event_id"', 'key = "event id"', 6, "key", "not a name"),
        ('key = "event_id"', 'key = "evnt_id"', 6, "key", "no column of the unit"),
        ('unit = "processing_events"', 'unit = "procesing_events"', 5, "unit", "nobody loads"),
        ('chart = "months"', 'colour = "red"\nchart = "months"', 8, "colour", "unknown key"),
        ('chart = "months"\n', "", None, "chart", "missing"),
        ('"core.consents", ', "", 10, "reads", "core.consents"),
        ('"core.consents", ', '"consents", ', 10, "reads", "list of tables"),
        ('"core.consents", ', '"core.consents", "core.consents", ', 10, "reads", "twice"),
        ('population = ["core.processing_events"]', 'population = ["core.requests"]', 9, "population", "does not read"),
        (
            'population = ["core.processing_events"]',
            'population = ["core.event_groups"]',
            9,
            "population",
            "nobody loads",
        ),
        ('population = ["core.processing_events"]', "population = []", 9, "population", "list of tables"),
        ("[reasons.violation]", "[reasons.breach]", 12, "reasons", "no reasons of violations"),
        ("[reasons.undetermined]", "[reasons.unknown]", 20, "unknown", "not an outcome"),
        ('"The consent had run out."', '"The consent had run out"', 15, "expired", "not a reason"),
        ('where = "t.activity_id = f.activity_id"', 'where = "true"', 23, "evidence", "condition"),
        ('where = "t.activity_id = f.activity_id"', 'rows = "t.activity_id"', 23, "evidence", "not an entry"),
        ('table = "core.consents"', 'table = "raw.files"', 23, "evidence", "not a table"),
        ('severity = "high"', "severity = ", 4, None, "not TOML"),
    ],
)  # fmt: skip
def test_check_toml_is_closed(
    *, folder: Path, old: str, new: str, line: int | None, column: str | None, message: str
) -> None:
    edit(folder / "check.toml", old, new)
    error = refusal(folder)
    assert message in error.message
    assert (error.file, error.line, error.column) == (folder / "check.toml", line, column)


@pytest.mark.parametrize(
    "word",
    ["now()", "current_date", "CURRENT_TIMESTAMP", "random()", "today()", "localtimestamp", "uuid()", "uuidv4()",
     "current_localtimestamp()", "(from core.consents using sample 1)", "(from core.consents tablesample 1%)"],
)  # fmt: skip
def test_sql_gives_the_same_answer_whenever_it_is_asked(folder: Path, word: str) -> None:
    edit(
        folder / "check.sql",
        "where a.legal_basis = 'consent'",
        f"where a.legal_basis = 'consent' and {word} is not null",
    )
    error = refusal(folder)
    assert error.file == folder / "check.sql"
    assert error.line == 11
    assert "another answer" in error.message


def test_words_in_comments_and_texts_are_not_code(folder: Path) -> None:
    edit(
        folder / "check.sql",
        "'consent'",
        "'consent' /* now();\n $who */ -- random() core.requests\n and 'now(); $who' <> ''",
    )
    assert load_check(folder)


def test_an_unknown_parameter_is_refused(folder: Path) -> None:
    edit(folder / "check.sql", "$end", "$until")
    error = refusal(folder)
    assert error.file == folder / "check.sql"
    assert "$until" in error.message


def test_a_second_statement_is_refused(folder: Path) -> None:
    edit(folder / "population.sql", "select", "select 1; select")
    assert "more than one statement" in refusal(folder).message


@pytest.mark.parametrize("name", ["check.toml", "check.sql", "check.md"])
def test_every_file_is_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder).file == folder / name


def test_text_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "check.md").write_bytes(b"\xff\xfe")
    assert "UTF-8" in refusal(folder).message


def test_a_folder_without_a_proper_name_is_refused(folder: Path) -> None:
    assert "not a check's name" in refusal(folder.rename(folder.with_name("My-Check"))).message


def test_spaces_behind_a_heading_are_nothing(folder: Path) -> None:
    edit(folder / "check.md", "## How it is counted", "## How it is counted  ")
    edit(folder / "check.md", "## What it does not show", "## What it does not show ")
    assert load_check(folder).texts_in("en").how == CHECK.texts_in("en").how


@pytest.mark.parametrize("section", ["What the law asks", "How it is counted", "What it does not show", "Worked cases"])
def test_every_section_is_needed(folder: Path, section: str) -> None:
    edit(folder / "check.md", f"## {section}", f"## {section} of us")
    error = refusal(folder)
    assert error.file == folder / "check.md"
    assert error.expected == f"## {section}"


@pytest.mark.parametrize(
    ("page", "line", "message"),
    [
        ("## Worked cases\n", 1, "no worked cases"),
        ("## Worked cases\n### A\n", 2, "without its expectation"),
        ("## Worked cases\n### A\n| item |\n|---|\n", 3, "without a name"),
        ("## Worked cases\n### A\n`expected`\n| item |\n| 1 |\n", 4, "without its rule"),
        ("## Worked cases\n### A\n`expected`\n| item |\n|---|\n| 1 | 2 |\n", 6, "number of cells"),
        ("## Worked cases\n### A\n`expected`\n| item | item |\n|---|---|\n", 4, "occurs twice"),
        ("## Worked cases\n### A\n`expected`\n| item |\n|---|\n`expected`\n| item |\n|---|\n", 7, "without a name"),
        ("## Worked cases\n" + 2 * "### A\n`expected`\n| item |\n|---|\n", 2, "two worked cases"),
    ],
)  # fmt: skip
def test_worked_cases_are_read_strictly(page: str, line: int, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        read_cases(Path("check.md"), page)
    assert message in caught.value.message
    assert caught.value.line == line


def test_a_worked_case_is_data() -> None:
    page = """\
## Worked cases
### Edge: a case
It shows something.
As of `2026-10-02T00:00+02:00`, period `2026Q4`.

`core.requests`

| request_id | kind |
|---|---|
| Q1 | |

`expected`

| item | outcome |
|---|---|
| Q1 | pending |
"""
    (case,) = read_cases(Path("check.md"), page)
    assert (case.name, case.period, case.as_of, case.line) == ("Edge: a case", "2026Q4", "2026-10-02T00:00+02:00", 2)
    assert case.tables == {"core.requests": [{"request_id": "Q1", "kind": None}]}
    assert case.expected == [{"item": "Q1", "outcome": "pending"}]


def test_the_period_may_stand_alone_and_has_a_default() -> None:
    table = "`expected`\n| item |\n|---|\n"
    alone, default = read_cases(Path("check.md"), f"## Worked cases\n### A\nPeriod `2026`.\n{table}### B\n{table}")
    assert (alone.period, alone.as_of) == ("2026", None)
    assert (default.period, default.as_of) == ("2026Q3", None)


def test_folders_of_ones_own_come_beside_the_packages(folder: Path) -> None:
    assert load_catalog(folder.parent).keys() == load_catalog().keys() | {"my_check"}


def test_a_name_occurs_once(folder: Path) -> None:
    folder.rename(folder.with_name("consent_coverage"))
    with pytest.raises(CheckError, match="exists already"):
        load_catalog(folder.parent)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="no such folder"):
        load_catalog(tmp_path / "none")


def test_the_hash_changes_with_any_file(folder: Path) -> None:
    before = load_check(folder)
    edit(folder / "check.md", "of the six", "among the six")
    after = load_check(folder)
    assert before.sha256 != after.sha256
    assert {n for n in before.files if before.files[n] != after.files[n]} == {"check.md"}


def test_a_reason_has_its_sentence() -> None:
    assert CHECK.reason_text("violation", "withdrawn") == "The person had withdrawn the consent."
    assert CHECK.reason_text("waived", "withdrawn") == "The person had withdrawn the consent."
    with pytest.raises(CheckError, match="not declared"):
        CHECK.reason_text("pending", "withdrawn")
