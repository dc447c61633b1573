"""Personal data stays out of the repository, and the contracts know which columns hold it."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.rules.tree import ROOT, files, name

CONTRACTS = files("*.toml", under="audit/contracts")
PERSONS = {"subject_id", "external_id", "visitor_id", "actor_id"}
ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)
PERSONAL_NUMBER = re.compile(rb"\b(19|20)?\d{6}[-+]\d{4}\b")
EXPORTS = files("*", under="data/mira/exports")
# Domains that are nobody's (RFC 2606).
RESERVED = re.compile(rb"@([\w-]+\.)*(example|example\.com)$", re.IGNORECASE)


def ignored(path: str) -> bool:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and its folder")
    return subprocess.run([git, "check-ignore", "--quiet", path], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("path", ["data/acme/consents.csv", "data/audit.db/CURRENT", "reports/2026Q3/findings.csv"])
def test_an_organisations_own_data_and_reports_stay_out_of_git(path):
    assert ignored(path)


@pytest.mark.parametrize("path", ["data/mira/consents.csv", "data/mira/policy.toml", "audit/samples/mira/policy.toml"])
def test_the_synthetic_organisation_is_part_of_it(path):
    assert not ignored(path)


@pytest.mark.parametrize("path", [p for p in files("*", under="data/mira") if p not in EXPORTS], ids=name)
def test_the_sample_holds_nothing_that_looks_like_a_person(path: Path):
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    # The organisation's own registration number has the form of a personal number; it is public.
    found = [m[0] for m in PERSONAL_NUMBER.finditer(text) if b"registration_number" not in line_of(text, m.start())]
    assert not ADDRESS.search(text)
    assert not found


def somebodys(number: bytes) -> bool:
    """Whether a number can be a person's: a month of birth, and the right check digit (the Luhn sum)."""
    digits = re.sub(rb"\D", b"", number)[-10:].decode()
    doubled = (int(d) * (2 - place % 2) for place, d in enumerate(digits))
    return 1 <= int(digits[2:4]) <= 12 and sum(n // 10 + n % 10 for n in doubled) % 10 == 0


@pytest.mark.parametrize("path", EXPORTS, ids=name)
def test_the_samples_exports_name_only_persons_that_nobody_is(path: Path):
    text = path.read_bytes()
    assert [m[0] for m in ADDRESS.finditer(text) if not RESERVED.search(m[0])] == []
    assert [m[0] for m in PERSONAL_NUMBER.finditer(text) if somebodys(m[0])] == []


def test_a_persons_number_and_address_would_be_found():
    assert somebodys(b"19811218-9876")
    assert not somebodys(b"19811218-9877")
    assert not somebodys(b"556524-6237")
    assert not RESERVED.search(b"anna@myexample.com.se")


def line_of(text: bytes, at: int) -> bytes:
    return text[text.rfind(b"\n", 0, at) + 1 : (text.find(b"\n", at) + 1) or None]


@pytest.mark.parametrize("path", CONTRACTS, ids=name)
def test_contracts_mark_the_columns_that_identify_a_person(path):
    columns = tomllib.loads(path.read_text())["columns"]
    marked = {column for column, about in columns.items() if about.get("person")}
    assert marked & PERSONS == PERSONS & set(columns)


def test_there_are_contracts_with_such_columns():
    assert sum("person = true" in path.read_text() for path in CONTRACTS) > 5
