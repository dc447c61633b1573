"""What a client's report shows: its checks beside the period before, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit.display_client import ClientPage, begin
from tests.functional.houses import loaded
from tests.functional.made_all import CLIENT, FILES

UNNAMED = "KND-0003"
REQUESTS = """\
request_id,role,client_id,kind,received_at,answered_at,outcome,subject_id
R1,processor,KND-0001,access,2026-04-03,2026-06-20,fulfilled,S1
R2,processor,KND-0001,access,2026-07-03,2026-07-10,fulfilled,S2
R3,processor,KND-0001,access,2026-04-03,2026-04-10,fulfilled,S3
R4,processor,KND-0003,access,2026-04-03,2026-06-20,fulfilled,S4
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    contract = f"CON-3,{UNNAMED},,2024-01-01,PT36H,contacts\n"
    made, _ = loaded(tmp_path, FILES | {"contracts.csv": FILES["contracts.csv"] + contract, "requests.csv": REQUESTS})
    return made


@contextmanager
def page_of(db: Path, client: str, **scope: str) -> Iterator[ClientPage]:
    page = begin(str(db), "2026Q3", client=client, **scope)
    assert page.workbench
    with page.workbench:
        yield page


def rows_of(page: ClientPage) -> dict[str, list[Any]]:
    return {row[0]: row[1:] for row in page.glance().block["rows"]}


def test_each_check_stands_beside_the_period_before(db: Path) -> None:
    with page_of(db, CLIENT, edition="internal") as page:
        assert [c["label"] for c in page.glance().block["columns"][-2:]] == ["In 2026Q2", "Points"]
        assert rows_of(page)["Request deadlines"][-3:] == [1.0, "50.0% of 2", "+50.0"]
        told = str([shown.block for shown in page.about_each()])
        assert "1 closed before this period began" in told, "a finding that is gone is told of"
    with page_of(db, CLIENT, edition="external") as page:
        assert rows_of(page)["Request deadlines"][-2:] == ["[c]", None]
        assert "closed before" not in str([shown.block for shown in page.about_each()])


def test_what_was_judged_before_and_has_nothing_now_stands_there_too(db: Path) -> None:
    with page_of(db, UNNAMED, edition="internal") as page:
        assert rows_of(page)["Request deadlines"][0] == 0
        assert rows_of(page)["Request deadlines"][-3:] == [None, "0.0% of 1", None]


def test_a_client_without_a_name_is_called_by_its_id_once(db: Path) -> None:
    with page_of(db, UNNAMED) as page:
        assert page.cover_page().block["scope"] == f"As processor for {UNNAMED}"
        assert page.contracts().block["rows"][0][-2:] == ["36 hours", None]
    with page_of(db, CLIENT, language="sv") as page:
        assert page.cover_page().block["scope"] == f"Som personuppgiftsbiträde åt Example Readers ({CLIENT})"
        assert page.contracts().block["rows"][0][-2:] == ["48 timmar", None]
