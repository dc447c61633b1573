"""The catalogues of all languages hold the same messages, and every code of the package has its Swedish words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import messages
from audit.catalog import load_catalog
from audit.checktexts import Texts, read_texts
from audit.errors import AuditError, CheckError, UsageError
from audit.messages import catalogue, places
from audit.statutes import LAW_FOLDER, load_law
from audit.words import Words

SV = Words("sv", "Europe/Stockholm")
PACKAGE = LAW_FOLDER.parent


def test_both_catalogues_hold_the_same_messages_and_places() -> None:
    assert dict(places(catalogue("sv"))) == dict(places(catalogue("en")))


@pytest.mark.parametrize(
    ("swedish", "message"),
    [
        ({}, "a message is missing"),
        ({"a": {"b": "Allt", "c": "mer"}}, "no such message"),
        ({"a": {"b": "Allt {x}"}}, "other places"),
    ],
)
def test_a_catalogue_that_differs_is_refused_when_loaded(
    swedish: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"en": {"a": {"b": {"one": "One of {n}", "other": "All {n}"}}}, "sv": swedish}
    monkeypatch.setattr(messages, "_read", files.__getitem__)
    with pytest.raises(AuditError, match=message):
        catalogue.__wrapped__("sv")


def test_a_text_that_nobody_translated_is_refused_with_its_key() -> None:
    with pytest.raises(UsageError) as refused:
        SV.say("cover.nonsense")
    assert refused.value.column == "cover.nonsense"


def _codes() -> Iterator[str]:
    """Every code that a report of the package's own checks and contracts can show as words."""
    for check in load_catalog().values():
        yield check.name
        for reasons in check.reasons.values():
            yield from reasons
    for path in sorted((PACKAGE / "contracts").glob("*.toml")):
        contract = tomllib.loads(path.read_text("utf-8"))
        yield path.stem
        for name in ("kind", "role", "stage", "severity", "risk", "purpose", "channel", "legal_basis", "safeguard"):
            yield from contract["columns"].get(name, {}).get("values", [])


def test_every_code_of_the_package_has_swedish_words() -> None:
    named = SV.labels["codes"].keys() | SV.labels["spelt"].keys()
    assert sorted(set(_codes()) - named) == []


def test_every_value_of_the_law_has_a_swedish_name_and_source() -> None:
    codes = SV.labels["codes"]
    for value in load_law().values():
        assert value["name"] in codes, value["name"]
        assert value["source"] in codes or re.fullmatch(r"GDPR \d+\(\d\)", value["source"]), value["source"]
    for decision in load_law().adequacy:
        assert {decision.label, decision.source} <= codes.keys(), decision


@pytest.mark.parametrize("name", sorted(load_catalog()))
def test_a_check_speaks_swedish(name: str) -> None:
    """It says all it says in English, its details included, and what it says of places in them has no gap."""
    check = load_catalog()[name]
    english, swedish = check.texts_in("en"), check.texts_in("sv")
    assert {o: r.keys() for o, r in english.reasons.items()} == {o: r.keys() for o, r in swedish.reasons.items()}
    said = re.findall(r"'([A-Z][^']*[ .][^']*)'", check.sql.split("as detail", maxsplit=1)[0])
    known = " ".join(swedish.details or {})
    for part in (p.strip(" .:,") for p in said):
        assert part in known, f"{name}: the detail “{part}” has no Swedish"


def test_a_detail_is_told_with_its_values_as_words() -> None:
    texts = load_catalog()["ropa_completeness"].texts_in("sv")
    said = (
        "Missing: purpose (30(1)(b)), security_measures (30(1)(g)). Missing of what is promised besides: legal_basis."
    )
    assert texts.detail(said, SV) == (
        "Saknas: ändamål (30.1 b), säkerhetsåtgärder (30.1 g). Saknas av det som därutöver utlovas: rättslig grund."
    )


@pytest.mark.parametrize(
    ("reasons", "line", "column"),
    [
        ('late = "Sent."', 4, "reasons.violation.overdue"),
        ('late = "Sent."\noverdue = "Över tiden."\nearly = "Tidigt."', 7, "reasons.violation.early"),
    ],
)
def test_a_translation_has_the_reasons_of_the_check(reasons: str, line: int, column: str, tmp_path: Path) -> None:
    source = Texts("T", "Q?", {"violation": {"late": "Late.", "overdue": "Overdue."}})
    text = f'title = "T"\nquestion = "F?"\nhow = "Så."\n[reasons.violation]\n{reasons}\n[details]\n'
    file = tmp_path / "check.sv.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CheckError) as refused:
        read_texts(tmp_path, "sv", source)
    assert (refused.value.file, refused.value.line, refused.value.column) == (file, line, column)


@pytest.mark.parametrize(
    "detail",
    [
        '"Held {n." = "Sparad {n}."',
        '"Held {n}." = "Sparad {n."',
        '"Held {0}." = "Sparad {0}."',
        '"From {n} to {n}." = "Från {n}."',
        '"Held {n}." = "Sparad {n:q}."',
        '"Held {n}." = "Sparad {m}."',
    ],
)
def test_a_detail_whose_places_are_none_is_refused_with_its_line(detail: str, tmp_path: Path) -> None:
    text = f'title = "T"\nquestion = "F?"\nhow = "Så."\n[reasons]\n[details]\n{detail}\n'
    (tmp_path / "check.sv.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CheckError, match="place") as refused:
        read_texts(tmp_path, "sv", Texts("T", "Q?"))
    assert refused.value.line in (5, 6)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (SV.integer(1234567), "1\xa0234\xa0567"),
        (SV.decimal(1234.56), "1\xa0234,6"),
        (SV.percent(0.123), "12,3\xa0%"),
        (SV.percent(0.99999), "> 99,9\xa0%"),
        (SV.long_day("2026-09-30"), "30 september 2026"),
        (SV.month("2026-07"), "juli 2026"),
        (SV.article("GDPR 6(1)(a), 14(2)(e)"), "GDPR 6.1 a, 14.2 e"),
        (SV.article("21(2)-(3), 7(3)"), "21.2–3, 7.3"),
        (SV.country("US"), "USA"),
        (SV.noun("core.requests", 1), "begäran"),
    ],
)
def test_swedish_forms(written: str, expected: str) -> None:
    assert written == expected
