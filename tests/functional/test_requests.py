"""The report on requests: how many were extended and how many waited for proof of identity, of those that were open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.blocks import MIME
from audit.display import begin
from audit.display_requests import Pauses
from audit.places import shipped
from audit.policy import load_policy
from audit.sources.load import load
from audit.statutes import load_law

ROWS = """\
request_id,client_id,kind,received_at,identity_requested_at,identity_confirmed_at,extended_at,extension_reason,answered_at
Q1,,access,2026-07-02,2026-07-03,2026-07-09,,,2026-07-20
Q2,,access,2026-07-02,2026-07-03,,2026-07-20,complex,
Q3,,erasure,2026-06-20,,,2026-07-10,,2026-08-20
Q4,C-1,erasure,2026-09-01,2026-09-02,2026-10-05,2026-10-01,many,
Q5,,access,2026-05-02,2026-05-03,,2026-05-20,,2026-06-30
Q6,,access,2026-10-01,2026-10-01,,,,
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    (tmp_path / "requests.csv").write_text(ROWS, encoding="utf-8")
    load(tmp_path / "db", [tmp_path], load_policy(shipped("mira") / "policy.toml", load_law()))
    return tmp_path / "db"


def shown(db: Path, **scope: Any) -> tuple[list[list[Any]], str]:
    """The table's rows and the sentence."""
    page = begin(str(db), "2026Q3", only=["request_deadlines"], **scope)
    assert page.workbench is not None
    with page.workbench:
        pauses = Pauses(page)
        bundle = pauses.sentence()._repr_mimebundle_()
        table = pauses.table()
        rows: list[list[Any]] = table._repr_mimebundle_()[MIME]["rows"] if table else []
    return rows, bundle["text/plain"]


def test_only_what_was_open_in_the_period_and_known_then_counts(db: Path) -> None:
    rows, sentence = shown(db)
    assert rows == [["access", 2, 1, 0, 2, 1], ["erasure", 2, 1, 1, 1, 1], ["All", 4, 2, 1, 3, 2]]
    assert "Of 4 requests and complaints" in sentence
    later, _ = shown(db, as_of="2026-10-10")
    assert later[1] == ["erasure", 2, 2, 1, 1, 0]


def test_a_scope_narrows_it(db: Path) -> None:
    assert shown(db, client="C-1")[0] == [["erasure", 1, 0, 0, 1, 1]]
    assert shown(db, role="controller")[0][-1] == ["All", 3, 2, 1, 2, 1]


def test_an_external_edition_counts_no_few_persons(db: Path) -> None:
    rows, sentence = shown(db, edition="external")
    assert rows == []
    assert "internal edition" in sentence
