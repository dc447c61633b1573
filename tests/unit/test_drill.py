"""Drilling down: what is chosen in a panel narrows the others and the table, on every finding."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import asdict
from typing import Any

import pytest
import vl_convert

from audit import charts
from audit.charts import Chart
from audit.charts.lookup import PAGE
from audit.results import CheckResult
from audit.words import Words
from tests.unit.made_results import check, n

MONTHS, SYSTEMS, REASONS = ("2026-07", "2026-08", "2026-09"), ("crm", "mail", "web"), ("late", "never_given")


def result() -> CheckResult:
    """Ten findings of each month, system and reason, and as many compliant and pending items."""
    counts = [
        n(outcome, 10, reason, month, system_id=system)
        for month in MONTHS
        for system in SYSTEMS
        for outcome, reason in (
            *(("violation", r) for r in REASONS),
            ("waived", "late"),
            ("compliant", None),
            ("pending", None),
        )
    ]
    return check("consent_coverage", tuple(counts))


def lines() -> list[dict[str, Any]]:
    """Two findings of each month, system and reason."""
    found = [
        {"outcome": outcome, "reason": reason, "system_id": system, "month": month, "client_id": None}
        for month in MONTHS
        for system in SYSTEMS
        for outcome, reason in (("violation", "late"), ("violation", "never_given"), ("waived", "late"))
        for _ in range(2)
    ]
    return [
        f | {"item_key": f"E-{i:03}", "finding_id": f"F-{i:016}", "occurred_at": f"{f['month']}-{1 + i % 28:02}T10:00:00+02:00"}
        | {"due_at": None, "amount": float(i % 7), "unit": "days", "source_file": "events.csv", "source_line": i}
        for i, f in enumerate(found)
    ]  # fmt: skip


def texts(chart: Chart, **chosen: Any) -> list[str]:
    """What a reader sees, with these values chosen: of params, or of by_month, by_side, by_reason, sort and picked."""
    spec = copy.deepcopy(chart.screen)
    assert spec is not None
    views = json.loads(json.dumps(spec))

    def choose(node: Any) -> None:
        if isinstance(node, dict):
            for param in node.get("params", []):
                if param["name"] in chosen:
                    param["value"] = chosen[param["name"]]
            for inner in node.values():
                choose(inner)
        elif isinstance(node, list):
            for inner in node:
                choose(inner)

    choose(views)
    svg = vl_convert.vegalite_to_svg(views, vl_version="5.21")
    marks = re.findall(r'<text[^>]* transform="translate\(([-\d.]+),([-\d.]+)\)[^>]*>(.*?)</text>', svg)
    return [text for _, _, text in sorted(marks, key=lambda m: float(m[1]))]


@pytest.fixture(scope="module")
def chart() -> Chart:
    """All of it, drawn from the findings above."""
    return charts.drill(result(), Words("en", "Europe/Stockholm"), listed=lines())


def items(shown: list[str]) -> list[str]:
    """The items of the table."""
    return [t for t in shown if t.startswith("E-")]


def test_all_findings_are_counted_and_the_first_page_is_listed(chart: Chart) -> None:
    shown = texts(chart)
    assert "270 of 270 findings chosen – the table lists 54: the worst of each month, system and reason" in shown
    assert items(shown) == [f"E-{i:03}" for i in range(PAGE)]


def test_a_month_a_system_and_a_reason_at_once(chart: Chart) -> None:
    chosen = {
        "by_month": [{"month": "August 2026"}],
        "by_side": [{"side": "Mail"}],
        "by_reason": [{"reason": "Never given"}],
    }
    shown = texts(chart, **chosen)
    assert any(t.startswith("10 of 270 findings chosen") for t in shown)
    wanted = [
        f["item_key"]
        for f in lines()
        if (f["month"], f["system_id"], f["reason"]) == ("2026-08", "mail", "never_given")
    ]
    assert items(shown) == wanted
    assert len(wanted) == 2


def test_a_choice_narrows_the_other_panels_and_not_its_own(chart: Chart) -> None:
    shown = texts(chart, by_side=[{"side": "Mail"}])
    assert shown.count("90") == 3, "each system keeps its count"
    assert shown.count("30") == 3 + 3, "each month and each reason has a third left"


def test_two_of_a_panel_add_up(chart: Chart) -> None:
    shown = texts(chart, by_side=[{"side": "Mail"}, {"side": "Web"}])
    assert any(t.startswith("180 of 270 findings") for t in shown)


@pytest.mark.parametrize(("down", "first"), [(0, "E-000"), (1, "E-053")])
def test_a_head_sorts_both_ways(chart: Chart, down: int, first: str) -> None:
    assert items(texts(chart, sort=[{"by": "item", "down": down}]))[0] == first


def test_how_far_over_is_sorted_as_a_number(chart: Chart) -> None:
    found = lines()
    shown = items(texts(chart, sort=[{"by": "amount", "down": 1}]))
    assert {found[int(i[2:])]["amount"] for i in shown[:7]} == {6.0}


def test_the_search_finds_any_part_of_a_line(chart: Chart) -> None:
    assert items(texts(chart, search="e-05")) == ["E-050", "E-051", "E-052", "E-053"]
    assert items(texts(chart, search="F-0000000000000017")) == ["E-017"]
    assert items(texts(chart, search="[")) == []


def test_it_says_which_lines_show_and_that_none_does(chart: Chart) -> None:
    assert f"Lines 1 to {PAGE} of 54" in texts(chart)
    assert "Lines 49 to 54 of 54" in texts(chart, page=5)
    assert "Lines 1 to 10 of 10" in texts(chart, page=5, search="E-00")
    assert "No line has this text" in texts(chart, search="[")
    swedish = charts.drill(result(), Words("sv", "Europe/Stockholm"), listed=lines() * 30)
    assert "Rad 1 till 12 av 1\xa0620" in texts(swedish)


def test_a_name_longer_than_its_place_is_told_by_hovering(chart: Chart) -> None:
    assert chart.screen is not None
    told = [
        v["encoding"]["tooltip"]
        for p in chart.screen["vconcat"][0]["hconcat"]
        for v in p["layer"]
        if "tooltip" in v["encoding"]
    ]
    assert [(t["field"], t["title"]) for t in told] == [("month", "Month"), ("side", "System"), ("reason", "Reason")]


def test_pages_and_a_choice_that_leaves_fewer(chart: Chart) -> None:
    assert items(texts(chart, page=5)) == [f"E-{i:03}" for i in range(4 * PAGE, 54)]
    assert items(texts(chart, page="5")) == items(texts(chart, page=5)), "a field gives text"
    for none in ("", "0", "-3"):
        assert items(texts(chart, page=none)) == items(texts(chart))
    assert items(texts(chart, page=5, search="E-00")) == [f"E-{i:03}" for i in range(10)]


def test_a_line_that_is_picked_says_what_to_type(chart: Chart) -> None:
    shown = texts(chart, picked=[{"finding": "F-0000000000000017"}])
    assert "audit evidence F-0000000000000017    events.csv:17" in shown


def test_on_paper_it_is_the_bars_alone(chart: Chart) -> None:
    svg = chart.svg()
    assert "Never given" in svg
    assert "E-000" not in svg
    assert chart.block["kind"] == "chart"


def test_a_dimension_that_tells_nothing_apart_is_not_shown() -> None:
    counts = tuple(n("violation", 3, "late", month, client_id=client) for month in MONTHS for client in ("C-1", "C-2"))
    made = charts.drill(check("request_deadlines", counts, "requests"), Words("en"), listed=[])
    assert {r["side"] for r in made.rows} == {"C-1", "C-2"}
    assert "client" in made.title


def test_many_values_share_a_bar() -> None:
    counts = tuple(n("violation", 100 - i, "late", system_id=f"s{i:02}") for i in range(40))
    made = charts.drill(check("lawful_basis", counts), Words("en"), listed=[])
    assert len({r["side"] for r in made.rows}) == 12
    assert sum(r["n"] for r in made.rows) == sum(c.n for c in counts)


def test_swedish_is_swedish_and_writes_its_numbers() -> None:
    many = check(
        "consent_coverage",
        (n("violation", 12_345, "late", system_id="crm"), n("violation", 2, "late", system_id="mail")),
    )
    made = charts.drill(many, Words("sv", "Europe/Stockholm"), listed=lines()[:1])
    shown = texts(made)
    assert any(t.startswith("12\xa0347 av 12\xa0347 iakttagelser valda") for t in shown)


def test_nothing_found_draws_nothing() -> None:
    made = charts.drill(check("consent_coverage", (n("compliant", 3),)), Words("en"), listed=[])
    assert made.title == "No finding"
    assert made.rows == []


def test_it_survives_being_drawn_later(chart: Chart) -> None:
    assert Chart(**json.loads(json.dumps(asdict(chart)))).vega() == chart.vega()


def test_jupyterlab_draws_it_in_the_colours_of_its_theme(chart: Chart) -> None:
    text = json.dumps(chart.vega())
    assert '"white"' not in text
    assert "var(--jp-content-font-color1" in text
