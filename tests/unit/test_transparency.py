"""What a policy's text leaves out is read strictly."""

from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.places import shipped
from audit.policy import load_policy
from audit.statutes import load_law
from audit.transparency import load_transparency

FILE = shipped("mira") / "transparency.toml"
POLICY = load_policy(shipped("mira") / "policy.toml", load_law())
USES = {p.use for p in POLICY.purposes.values()}
BASES = {entry.name for entry in load_law().legal_bases}


def test_the_organisations_file_is_read_whole():
    found = load_transparency(FILE, USES, BASES)
    assert [s.id for s in found.statements] == [f"T{n:02}" for n in range(1, len(found.statements) + 1)]
    assert {"13(2)(d), 14(2)(e)", "13(2)(a), 14(2)(a)", "13(1)(f), 14(1)(f)"} <= {s.article for s in found.statements}
    assert found == POLICY.transparency
    assert "transparency.toml" in POLICY.sha256


def test_each_statement_rests_on_a_section_that_the_promises_know():
    sections = {c.section for c in POLICY.commitments}
    assert [s.id for s in POLICY.transparency.statements if s.section not in sections] == []


def test_the_sample_carries_the_same_file():
    source = Path(__file__).parents[2] / "audit" / "samples" / "mira" / "transparency.toml"
    assert source.read_bytes() == FILE.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('section = "Rights"', "", "missing key"),
        ('basis = "The section takes', 'bases = "The section takes', "missing key"),
        ('section = "Rights"', 'section = "Rights"\nremark = "x"', "unknown key"),
        ('article = "13(2)(d), 14(2)(e)"', 'article = "Art. 13"', "not articles of the GDPR"),
        ('id = "T02"', 'id = "T01"', "this id stands twice"),
        ("countries = []", "countries = []\npeople = []", "unknown key"),
        ('administration_and_hr = ["contract"]', 'administration_and_hr = ["habit"]', "not in the vocabulary"),
        ('administration_and_hr = ["contract"]', 'piracy = ["contract"]', "no purpose has this use"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path, old, new, said):
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "transparency.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(AuditError) as error:
        load_transparency(path, USES, BASES)
    assert error.value.message == said
    assert error.value.file == path
    assert error.value.line


def test_a_policy_without_it_has_none(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_bytes((shipped("mira") / "policy.toml").read_bytes())
    policy = load_policy(path, load_law())
    assert policy.transparency is None
    assert [rows for name, (_, rows) in policy.tables().items() if name.startswith("house.named_")] == [[]] * 4
