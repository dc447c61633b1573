"""A report is in one language throughout: the PDF's whole text is read, and the alternative texts of its charts."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from audit import report
from audit.executing import Job, run_all
from audit.notebooks import find
from audit.pdf import Document, typeset
from audit.pdf_text import pages
from audit.places import shipped
from tests.functional.sample_db import load_sample
from tests.refresh_notebooks import stripped

ENGLISH = {
    "about", "and", "are", "been", "before", "by", "each", "every", "for", "from", "has", "have", "how", "is", "it",
    "its", "kept", "no", "none", "not", "of", "only", "or", "that", "the", "their", "then", "there", "they", "this", "to",
    "was", "were", "what", "when", "which", "who", "with",
}  # fmt: skip
SWEDISH = {
    "att", "av", "avsnitt", "den", "det", "efter", "eller", "en", "ett", "från", "för", "har", "hade", "inget", "inte", "med",
    "och", "om", "på", "som", "till", "var", "varje", "är",
}  # fmt: skip
QUOTED = {"waivers.csv": ("justification", "granted_by"), "recipients.csv": ("name",), "systems.csv": ("name",)}
CODES = re.compile(r"\w*[_./:@]\w[\w./:@-]*|\b[A-Z]+-\d+\b|\baudit \w+\b")
NAMES = ("Bokföringslagen (1999:1078) 7 kap. 2 §", "lagen om elektronisk kommunikation 9 kap. 28 §", "Network AB")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """The sample's quarterly report, read from its notebook, in each language; its charts are drawn for paper only.

    The English one is the committed notebook, which other tests hold against the sample.
    """
    folder = tmp_path_factory.mktemp("languages")
    job = Job(find("quarterly-report"), folder / "sv.ipynb", {"language": "sv"})
    run_all([job], db=load_sample(folder / "db"), draw=False)
    job.out.write_text(json.dumps(stripped(json.loads(job.out.read_text("utf-8")))), "utf-8")
    return {"sv": report.read(job.out), "en": report.read(job.notebook)}


@pytest.fixture(scope="module")
def pdfs(documents: dict[str, Document]) -> dict[str, bytes]:
    return {
        language: typeset(document, manifest_sha256="0" * 64, attachments={"results.json": "{}"})
        for language, document in documents.items()
    }


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def quoted() -> list[str]:
    """What the registers hold in words of their own, the longest first."""
    found = set(NAMES)
    for name, columns in QUOTED.items():
        with (shipped("mira") / name).open(encoding="utf-8", newline="") as rows:
            found |= {row[column] for row in csv.DictReader(rows) for column in columns}
    return sorted(filter(None, found), key=len, reverse=True)


def own(text: str) -> set[str]:
    """The words of a text that are neither quoted from a register nor codes."""
    text = squeezed(text)
    for phrase in quoted():
        text = text.replace(phrase, " ")
    return set(re.findall(r"[^\W\d_]+", CODES.sub(" ", text).lower()))


def alternative(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "alt")
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from alternative(part)


@pytest.mark.parametrize(("language", "foreign"), [("sv", ENGLISH), ("en", SWEDISH)])
def test_the_pdf_is_in_one_language(language: str, foreign: set[str], pdfs: dict[str, bytes]) -> None:
    for number, text in enumerate(pages(pdfs[language]), 1):
        assert own(text) & foreign == set(), f"page {number}"


@pytest.mark.parametrize(("language", "foreign"), [("sv", ENGLISH), ("en", SWEDISH)])
def test_charts_are_told_in_the_language(language: str, foreign: set[str], documents: dict[str, Document]) -> None:
    told = list(alternative(documents[language].blocks))
    assert len(told) > 10
    assert own(" ".join(told)) & foreign == set()


def test_both_say_the_same_in_the_same_order(documents: dict[str, Document]) -> None:
    kinds = {language: [b["kind"] for b in document.blocks] for language, document in documents.items()}
    assert kinds["en"] == kinds["sv"]
