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


@pytest.mark.parametrize("path", files("*", under="data/mira"), ids=name)
def test_the_sample_holds_nothing_that_looks_like_a_person(path: Path):
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    # The organisation's own registration number has the form of a personal number; it is public.
    found = [m[0] for m in PERSONAL_NUMBER.finditer(text) if b"registration_number" not in line_of(text, m.start())]
    assert not ADDRESS.search(text)
    assert not found


def line_of(text: bytes, at: int) -> bytes:
    return text[text.rfind(b"\n", 0, at) + 1 : (text.find(b"\n", at) + 1) or None]


@pytest.mark.parametrize("path", CONTRACTS, ids=name)
def test_contracts_mark_the_columns_that_identify_a_person(path):
    columns = tomllib.loads(path.read_text())["columns"]
    marked = {column for column, about in columns.items() if about.get("person")}
    assert marked & PERSONS == PERSONS & set(columns)


def test_there_are_contracts_with_such_columns():
    assert sum("person = true" in path.read_text() for path in CONTRACTS) > 5
