"""JupyterLab in a real browser, every other host blocked: each notebook runs to its end, and a click changes a table.

Run by `make test-browser`; skipped where there is no Chromium. AUDIT_SHOTS names a folder for pictures of every page, in
the light and the dark theme, for people to look at.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import charts
from audit.listed import LIMIT
from audit.words import Words
from tests.functional.sample_db import load_sample
from tests.unit.made_results import check, n

selenium = pytest.importorskip("selenium", reason="selenium is not installed: run make test-browser")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402 - it may not be there
from selenium.webdriver.common.keys import Keys  # noqa: E402

from tests.browser import lab  # noqa: E402
from tests.browser.lab import Browser, wait  # noqa: E402
from tests.rules.tree import ROOT  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (lab.CHROMIUM and lab.DRIVER), reason="Chromium or its driver is not installed"),
]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
SHOTS = os.environ.get("AUDIT_SHOTS")
CLICKED, LARGE = "clicked.ipynb", "large.ipynb"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The analyst's folder, with two notebooks of her own: one to run, one that somebody else ran on large data."""
    folder = tmp_path_factory.mktemp("desk")
    sources = (
        "from audit.display import begin\nfrom audit.display_drill import drill",
        'page = begin("", "2026Q3", only=["consent_coverage"])\ndrill(page, "consent_coverage")',
        'page.worst("consent_coverage")',
    )
    write(folder / CLICKED, *((source, []) for source in sources))
    data, metadata = many_findings()._repr_mimebundle_()
    write(folder / LARGE, ("1", [{"output_type": "display_data", "data": data, "metadata": metadata}]))
    return folder


def write(path: Path, *cells: tuple[str, list[dict[str, Any]]]) -> None:
    """A notebook of code cells with their outputs."""
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": said, "execution_count": None}
        for i, (source, said) in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": made}))


def many_findings() -> charts.Chart:
    """A hundred thousand findings to click in, of which the table takes as many as it takes of the organisation's."""
    kinds = [(f"2026-{m:02}", f"system_{s}", r) for m in range(1, 13) for s in range(10) for r in ("late", "refused")]
    counts = tuple(n("violation", 417, reason, month, system_id=system) for month, system, reason in kinds)
    few = {"outcome": "violation", "client_id": None, "due_at": None, "amount": None, "unit": None, "source_file": None}
    listed = [
        few | {"month": month, "system_id": system, "reason": reason, "item_key": f"E-{i}", "finding_id": f"F-{i:016}"}
        | {"occurred_at": f"{month}-01T10:00:00+01:00"}
        for i, (month, system, reason) in enumerate(kinds * (LIMIT // len(kinds) + 1))
    ]  # fmt: skip
    return charts.drill(check("consent_coverage", counts), Words("en"), listed=listed[:LIMIT])


@pytest.fixture(scope="module")
def browser(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser on the lab of the sample."""
    home = tmp_path_factory.mktemp("home")
    db = load_sample(home / "db")
    with lab.started(db, desk, home) as address:
        opened = Browser(home / "chromium", address)
        try:
            opened.begin()
            yield opened
        finally:
            opened.close()


def is_run(notebook: dict[str, Any]) -> dict[str, Any] | None:
    """A notebook of which every code cell was run."""
    done = all(c["execution_count"] for c in notebook["cells"] if c["cell_type"] == "code" and c["source"])
    return notebook if done else None


def clean(browser: Browser) -> None:
    """Nothing was asked of another host, and nothing went wrong in the page."""
    assert lab.elsewhere(browser.requests()) == []
    assert browser.console() == []


def test_it_opens_on_the_welcome_page_with_the_state_of_the_data(browser: Browser) -> None:
    browser.see(f"{lab.NOTEBOOK} .jp-RenderedMarkdown h1")
    browser.see(f"{lab.NOTEBOOK} .jp-OutputArea-output")
    subjects = {n for n in NOTEBOOKS if re.match(r"[1-9]\d_", n)}
    wait(lambda: subjects <= linked(browser), "a link to each subject")  # text is drawn after the outputs
    clean(browser)


def test_a_click_narrows_the_table_and_hovering_tells_more(browser: Browser) -> None:
    browser.open(CLICKED)
    browser.run_all()
    browser.see(".vega-embed svg")
    before = lines(browser, 12)
    click(browser, "Withdrawn")
    after = lines(browser, 7)
    click(browser, "Intercom")
    both = lines(browser, 2)
    assert set(both) < set(after)
    wait(lambda: text(browser, r"2 of 21 findings chosen"), "how many are chosen")
    ActionChains(browser.driver).move_to_element(mark(browser, both[0])).perform()
    assert re.search(r"F-[0-9a-f]{16}", browser.see("#vg-tooltip-element").text)
    click(browser, both[0])
    wait(lambda: text(browser, r"audit evidence F-[0-9a-f]{16}"), "what to type for its evidence")
    search = browser.see(".vega-bindings input[type=search]")
    search.send_keys(both[1])
    assert lines(browser, 1) == [both[1]]
    wait(lambda: text(browser, "Lines 1 to 1 of 1"), "which lines are shown")
    search.send_keys("nonsense")
    wait(lambda: text(browser, "No line has this text"), "a word where no line is")
    search.send_keys(Keys.CONTROL, "a")
    search.send_keys(Keys.DELETE)
    under = mark(browser, "September 2026")  # the last of the months, of which there are fewer than reasons
    ActionChains(browser.driver).move_to_element_with_offset(under, 0, 60).click().perform()
    wait(lambda: text(browser, "21 of 21 findings chosen"), "all findings again")
    assert sorted(lines(browser, 12)) == sorted(before)
    page = browser.see(".vega-bindings input[type=number]")
    page.send_keys(Keys.ARROW_UP)
    wait(lambda: text(browser, "Lines 13 to 21 of 21"), "the second page")
    page.send_keys(Keys.ARROW_DOWN)
    clean(browser)


def test_a_hundred_thousand_findings_answer_a_click_untrusted_and_without_a_kernel(browser: Browser) -> None:
    browser.open(LARGE)
    all_of_them = r"100,080 of 100,080 findings chosen – the table lists 2,000"
    wait(lambda: text(browser, all_of_them), "how many are chosen")
    before = lines(browser, 12)
    click(browser, "June 2026")
    wait(lambda: text(browser, r"8,340 of 100,080 findings chosen"), "the chosen ones' count", 10)
    wait(lambda: items(browser) != before, "another table", 10)
    clean(browser)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_to_its_end(browser: Browser, desk: Path, name: str) -> None:
    browser.open(name)
    browser.run_all()
    saved = wait(lambda: is_run(browser.save(desk / name)), "every cell to be run, in sight or not", 120)
    said = [o for c in saved["cells"] for o in c.get("outputs", [])]
    assert [o for o in said if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    browser.shut_kernel()
    clean(browser)


@pytest.mark.skipif(not SHOTS, reason="AUDIT_SHOTS names no folder for the pictures")
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_pictures_for_people_to_look_at(browser: Browser, theme: str) -> None:
    browser.menu("Settings", "Theme", f"JupyterLab {theme}")
    for name in (*NOTEBOOKS, CLICKED):
        browser.open(name)
        browser.picture(Path(SHOTS or "") / f"{Path(name).stem}-{theme.lower()}.png")
    clean(browser)


def linked(browser: Browser) -> set[str]:
    """The notebooks that the page's text links."""
    targets = [a.get_attribute("href") or "" for a in browser.all(".jp-RenderedMarkdown a")]
    return {name for name in NOTEBOOKS if any(name in target for target in targets)}


CHART_TEXT = f"{lab.NOTEBOOK} .vega-embed svg text"


def mark(browser: Browser, words: str) -> Any:
    """A text of the chart."""
    return browser.all(CHART_TEXT)[browser.texts(CHART_TEXT).index(words)]


def click(browser: Browser, words: str) -> None:
    """On a bar, by its name."""
    ActionChains(browser.driver).move_to_element(mark(browser, words)).click().perform()


def lines(browser: Browser, count: int) -> list[str]:
    """The items of the chart's table, once it has so many."""
    return wait(lambda: found if len(found := items(browser)) == count else None, f"a table of {count} lines")


def items(browser: Browser) -> list[str]:
    """The items of the chart's table."""
    return [said for said in browser.texts(CHART_TEXT) if re.fullmatch(r"E-\d+", said)]


def text(browser: Browser, pattern: str) -> bool:
    """Whether the chart says so."""
    return any(re.match(pattern, said) for said in browser.texts(CHART_TEXT))
