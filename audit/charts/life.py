"""A person's line of time: a lane each for consents, refusals, requests, records and holds, and for events by basis."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

from audit import palette
from audit.charts.drawing import FULL, Chart
from audit.charts.rows import Rows, finish, table, tips
from audit.lean import without_iri_grammar
from audit.words import Words

with without_iri_grammar():
    import altair as alt

_LANES = ("consent", "no_contact", "event", "request", "record", "hold")
_BANDS = {"consent": palette.TINT, "no_contact": palette.GREY, "request": palette.RULE, "record": palette.RULE,
          "hold": palette.INK}  # fmt: skip
_MARKS = {"request_due": "request", "record_due": "record"}
_SINGLE = 1_000
"""Events that are drawn one by one; more are drawn by day."""
_NAMES, _STEP = 210, 22


def life(line: list[dict[str, Any]], as_of: datetime, title: str, words: Words) -> Chart:
    """One person's bands and marks on a common axis of local time.

    Args:
        line: at, until (None while it lasts), what, of and detail of each thing.
        as_of: where what lasts is cut.
        title: the finding.
        words: the reader's language.
    """
    by_day = sum(row["what"] == "event" for row in line) > _SINGLE
    rows = [_row(row, as_of, words) for row in (_days(line, words) if by_day else line)]
    rows.sort(key=lambda r: (_LANES.index(r["kind"]), r["lane"], r["from"]))
    lanes = list(dict.fromkeys(r["lane"] for r in rows))
    # With a key: else whoever scrolls down the notebook is caught in the drawing.
    zoom = alt.selection_interval(name="zoom", bind="scales", encodings=["x"], zoom="wheel![event.altKey]")
    heads = {"what": "what", "lane": "of", "from_text": "from", "until_text": "until", "detail": "detail"}
    base = table().encode(
        y=alt.Y("lane:N", sort=lanes, title=None, axis=alt.Axis(labelLimit=_NAMES, domain=False, ticks=False)),
        tooltip=tips({name: words.say(f"analyst.person.chart.{head}") for name, head in heads.items()}),
        color=alt.Color("colour:N", scale=None),
    )
    axis = alt.Axis(format="%Y-%m", labelOverlap=True, grid=True, tickCount=8)
    x = alt.X(
        "from:T", scale=alt.Scale(type="utc", padding=10), axis=axis, title=words.say("analyst.person.chart.axis")
    )
    bands = base.transform_filter("datum.is_band").mark_bar(height=12).encode(x=x, x2="to:T")
    marks = base.transform_filter("!datum.is_band").mark_point(filled=True, size=55, opacity=0.85)
    shape = alt.Shape("shape:N", scale=None)
    now = table().mark_rule(strokeDash=[3, 3], color=palette.GREY).encode(x="max(as_of):T")
    chart = alt.layer(bands, now, marks.encode(x=x, shape=shape)).add_params(zoom)
    chart = chart.properties(width=FULL - _NAMES, height=alt.Step(_STEP))
    said = words.say("analyst.person.chart.said", lanes=len(lanes), first=_first(rows), last=words.day(as_of.date()))
    caption = words.say("analyst.person.chart.days") if by_day else None
    reading = " ".join(filter(None, (caption, words.say("analyst.person.chart.reading"))))
    return replace(finish(chart, rows, title, said, caption), reading=reading)


def _row(row: dict[str, Any], as_of: datetime, words: Words) -> dict[str, Any]:
    """One band or mark, its times as local wall time that the chart takes for UTC."""
    what = row["what"]
    kind = "consent" if what.startswith("consent") else _MARKS.get(what, what)
    of = words.code(row["of"]) if row["of"] else words.say("analyst.person.lane.unknown")
    is_band = what in _BANDS
    return {
        "kind": kind,
        "lane": words.say(f"analyst.person.lane.{kind}", of=of),
        "what": words.say(f"analyst.person.what.{what}"),
        "is_band": is_band,
        "from": _wall(row["at"], words),
        "to": _wall(row["until"] or as_of, words),
        "as_of": _wall(as_of, words),
        "from_text": words.instant(row["at"]),
        "until_text": words.instant(row["until"]),
        "detail": row["detail"] or "",
        "colour": _colour(row),
        "shape": "circle" if what == "event" else "diamond" if what in _MARKS else "triangle-up",
    }


def _colour(row: dict[str, Any]) -> str:
    """Of a band by its kind, of an event by its legal basis."""
    if row["what"] == "event":
        return palette.BASES.get(row["of"], palette.GREY)
    return _BANDS.get(row["what"], palette.ACCENT)


def _days(line: list[dict[str, Any]], words: Words) -> Rows:
    """The same with the events of one basis and day as one mark."""
    events = Counter((row["at"].astimezone(words.zone).date(), row["of"]) for row in line if row["what"] == "event")
    first: dict[Any, dict[str, Any]] = {}
    for row in (r for r in line if r["what"] == "event"):
        first.setdefault((row["at"].astimezone(words.zone).date(), row["of"]), row)
    name = words.say("analyst.person.chart.n")
    days = [row | {"detail": f"{name}: {words.integer(events[key])}"} for key, row in first.items()]
    return [row for row in line if row["what"] != "event"] + days


def _wall(at: datetime, words: Words) -> str:
    return f"{at.astimezone(words.zone):%Y-%m-%dT%H:%M:%S}Z"


def _first(rows: Rows) -> str:
    return min((r["from"][:10] for r in rows), default="")
