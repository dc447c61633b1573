"""The chart forms: what they say is in the data, and the same data gives the same drawing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from textwrap import wrap

import altair as alt
import pytest
import vl_convert

from audit import charts, palette, tables
from audit.charts import Chart, drawing
from audit.words import Words
from tests.unit.made_results import check, found, n, results

PNG = b"\x89PNG\r\n\x1a\n"
WORDS = Words("en")
RESULTS = results()

FORMS: dict[str, Callable[[], Chart]] = {
    "overview": lambda: charts.overview(RESULTS, WORDS),
    "coverage": lambda: charts.coverage(RESULTS, WORDS),
    "by_month": lambda: charts.by_month(RESULTS["consent_coverage"], WORDS),
    "by_client": lambda: charts.by_client(RESULTS["consent_coverage"], WORDS),
    "by_system": lambda: charts.by_system(RESULTS["consent_coverage"], WORDS),
    "by_kind": lambda: charts.by_kind(RESULTS["request_deadlines"], WORDS),
    "reasons": lambda: charts.reasons(RESULTS["consent_coverage"], WORDS),
    "lateness": lambda: charts.lateness(RESULTS["request_deadlines"], WORDS),
    "clocks": lambda: charts.clocks(RESULTS["request_deadlines"], WORDS),
    "stages": lambda: charts.stages(RESULTS["incident_response"], WORDS),
}


@pytest.fixture(params=sorted(FORMS))
def chart(request: pytest.FixtureRequest) -> Chart:
    """Each form over the made results."""
    return FORMS[request.param]()


def test_the_alternative_text_gives_the_finding_and_its_figures(chart: Chart) -> None:
    assert chart.alt.startswith(chart.title)
    assert len(re.findall(r"\d+", chart.alt)) > len(re.findall(r"\d+", chart.title))


def test_the_drawing_is_the_same_each_time_and_keeps_to_the_page(chart: Chart) -> None:
    first, second = chart.svg(), chart.svg()
    assert first == second
    width = float(re.search(r'width="([\d.]+)"', first)[1])  # type: ignore[index]
    assert 300 < width < 480, "a full chart is 462 points wide; a little more is scaled down"


def test_nothing_is_fetched(chart: Chart) -> None:
    text = chart.svg() + json.dumps(chart.vega())
    addresses = set(re.findall(r"https?://[^\"' )]+", text))
    assert addresses <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "https://vega.github.io/schema/vega/v5.json",
    }


def test_only_the_shipped_typeface_is_asked_for(chart: Chart) -> None:
    families = set(re.findall(r'font-family="([^"]+)"', chart.svg()))
    assert families == {"IBM Plex Sans, sans-serif"}


def test_jupyterlab_gets_vega_5_with_tooltips_and_selection(chart: Chart) -> None:
    data, _ = chart._repr_mimebundle_()
    vega = json.dumps(data["application/vnd.vega.v5+json"])
    assert '"https://vega.github.io/schema/vega/v5.json"' in vega
    assert '"tooltip"' in vega
    assert '"chosen' in vega
    assert data["text/plain"] == chart.alt
    assert data["application/vnd.audit.block+json"]["alt"] == chart.alt
    assert data["image/png"].startswith("iVBOR")


def test_the_title_is_not_drawn_where_it_is_set_beside_the_chart() -> None:
    made = FORMS["by_month"]()
    assert made.title == "September 2026 has the most: 44 of 68 violations"
    assert "has the most" not in made.svg()


def test_the_picture_has_it_where_the_engine_would_set_it() -> None:
    made = replace(FORMS["by_month"](), title="Most < 5 & “late” " * 9, caption="How to read it, " * 20)
    text = {"text": wrap(made.title, 84), "subtitle": wrap(made.caption, 110)}
    drawn = vl_convert.vegalite_to_png({**made.spec, "title": text}, vl_version="5.21", scale=2)
    assert len(text["text"]) == len(text["subtitle"]) - 1 == 2
    assert size(made.png()) == pytest.approx(size(drawn), abs=7)
    assert made.png() != replace(made, title=made.title.replace("late", "soon")).png()
    assert replace(made, title="\x00").png().startswith(PNG), "no engine ends at it"


def size(png: bytes) -> tuple[int, int]:
    """A picture's width and height, which stand behind its signature and the length and name of its first part."""
    assert png.startswith(PNG)
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


@pytest.mark.parametrize(
    ("form", "title"),
    [
        ("overview", "3 of 3 checks found violations"),
        ("reasons", "“Never given” is the reason of 39 of 68 violations"),
        ("lateness", "Half of the 8 late requests were over by 6 days or less; the longest by 41 days"),
        ("clocks", "The request furthest over its limit ran 41 days past it"),
        ("stages", "“Resolved” strays furthest from its target: 38 days at the longest, 30 days allowed"),
        ("coverage", "1 of 4 sources fell silent for too long; Events, intercom for 11 days"),
        ("by_kind", "Access has the most: 6 of 9 violations"),
    ],
)
def test_titles_state_the_finding(form: str, title: str) -> None:
    assert FORMS[form]().title == title


@pytest.mark.parametrize(
    ("counts", "title", "mostly"),
    [
        ((3, 2), "“Reason 0” is the reason of 3 of 5 violations", "reason 0 (3)"),
        ((2, 2, 1), "2 reasons are the commonest: 2 of 5 violations each", "no one reason: 2 with 2 each"),
        ((2, 2), "4 violations: 2 for each of 2 reasons", "no one reason: 2 with 2 each"),
        ((2,), "“Reason 0” is the reason of 2 of 2 violations", "reason 0 (2)"),
    ],
)
def test_a_reason_leads_only_where_no_other_is_as_common(counts: tuple[int, ...], title: str, mostly: str) -> None:
    some = tuple(n("violation", many, f"reason_{i}") for i, many in enumerate(counts))
    made = check("retention", some, _read=lambda **_: found("retention", 1, [1.0], "days"))
    assert charts.reasons(made, WORDS).title == title
    assert mostly in str(tables.first_things(replace(RESULTS, checks={"retention": made}), WORDS))


def test_a_changed_number_changes_title_alt_and_drawing() -> None:
    before = charts.by_kind(check("request_deadlines", (n("compliant", 9), n("violation", 2)), "requests"), WORDS)
    after = charts.by_kind(check("request_deadlines", (n("compliant", 9), n("violation", 3)), "requests"), WORDS)
    assert before.title != after.title
    assert before.alt != after.alt
    assert before.svg() != after.svg()


def test_no_violations_is_a_title_of_its_own() -> None:
    result = check("request_deadlines", (n("compliant", 9), n("undetermined", 2)), "requests")
    assert charts.by_month(result, WORDS).title == "No violation in any month; 2 undetermined"
    assert charts.lateness(result, WORDS).title == "No violation is over a limit"
    assert charts.clocks(result, WORDS).title == "No request ran over its limit"


def luminance(colour: tuple[float, ...]) -> float:
    """A colour's relative luminance, as WCAG 2.2 computes it."""
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("basis", sorted(palette.BASES))
@pytest.mark.parametrize(("paper", "text", "brand"), [(255, 0, (33, 150, 243)), (17, 255, (33, 150, 243))])
def test_a_legal_basis_stands_out_in_the_light_and_the_dark_theme(
    basis: str, paper: int, text: int, brand: tuple[int, ...]
) -> None:
    own = palette.BASES[basis]
    said = drawing._THEME[own]
    rgb = [int(own[i : i + 2], 16) for i in (1, 3, 5)]
    share = int(found[1]) / 100 if (found := re.search(r"(\d+)%", said)) else 0.0
    other = brand if "brand" in said else (text,) * 3
    shown = tuple(share * c + (1 - share) * o for c, o in zip(rgb, other, strict=True))
    dark, light = sorted((luminance(shown), luminance((paper,) * 3)))
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_nothing_decided_is_drawn_without_a_rate() -> None:
    made = charts.by_month(check("request_deadlines", (n("pending", 3),), "requests"), WORDS)
    assert "%" not in made.alt
    assert "nothing decided" in made.alt


def test_many_clients_are_cut_to_the_worst_and_the_rest_still_counts() -> None:
    counts = tuple(n("violation", i, "late", client_id=f"C{i:03}") for i in range(1, 31))
    made = charts.by_client(check("request_deadlines", counts, "requests"), WORDS)
    assert made.title == "C030 has the most: 30 of 465 violations"
    assert "23 others 276 judged" in made.alt


def test_a_few_late_items_are_shown_one_by_one() -> None:
    rows = found("request_deadlines", 2, [41.0, 3.0], "days")
    result = check("request_deadlines", (n("violation", 2, "late"),), "requests", _read=lambda **_: rows)
    assert charts.lateness(result, WORDS) == charts.clocks(result, WORDS)


def test_lateness_counts_every_late_item_once() -> None:
    rows = found("request_deadlines", 9, [0.5, 1, 3, 7, 30, 90, 365, 400, 2], "days")
    result = check("request_deadlines", (n("violation", 9, "late"),), "requests", _read=lambda **_: rows)
    alt = charts.lateness(result, WORDS).alt.split("Columns by span: ")[1]
    assert sum(int(part.rsplit(" ", 1)[1].rstrip(".")) for part in alt.split(", ")) == len(rows)


def test_an_analysts_own_chart_gets_the_look_and_a_block() -> None:
    rows = alt.Data(values=[{"a": "x", "b": 3}])  # type: ignore[no-untyped-call]
    made = charts.own(alt.Chart(rows).mark_bar().encode(x="b:Q", y="a:N"), "X has three", "One bar: x 3.")
    assert made.block["alt"] == "One bar: x 3."
    assert set(re.findall(r'font-family="([^"]+)"', made.svg())) == {"IBM Plex Sans, sans-serif"}


def test_a_source_that_carries_is_not_called_silent() -> None:
    good = replace(RESULTS, coverage=RESULTS.coverage[:1])
    assert charts.coverage(good, WORDS).title == "No silence too long among 1 source"


def test_without_data_nothing_is_claimed() -> None:
    nothing = replace(RESULTS, checks={"retention": RESULTS["retention"]}, coverage=())
    assert charts.overview(nothing, WORDS).title == "No check had anything it could decide"
    judged = {
        name: check(name, (n("undetermined", many),) if many else ()) for name, many in (("retention", 0), ("mail", 3))
    }
    drawn = charts.overview(replace(RESULTS, checks=judged), WORDS)
    assert drawn.title == "No check had anything it could decide"
    assert [row["label"] for row in drawn.rows] == ["Mail"], "of nothing at all there is nothing to draw"
    kept = judged | {"consent_records": check("consent_records", (n("compliant", 2),))}
    assert charts.overview(replace(RESULTS, checks=kept), WORDS).title == "No violation found by 1 check"
    assert charts.coverage(nothing, WORDS).title == "No source has any row"
    assert not charts.overview(nothing, WORDS).rows + charts.coverage(nothing, WORDS).rows
