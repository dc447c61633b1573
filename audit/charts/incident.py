"""The clocks of one incident: each from its start to its limit, and when it was met."""

from __future__ import annotations

from typing import Any

from audit import palette
from audit.charts.drawing import FULL, Chart
from audit.charts.rows import STEP, Rows, choice, finish, lines, text_column
from audit.lean import without_iri_grammar
from audit.sentences import amount
from audit.words import Words

with without_iri_grammar():
    import altair as alt

_SHORTEST = 0.5  # hours: a logarithm has no place for what was done at once
_TICKS = (1, 6, 24, 72, 240, 720, 2400, 7200)
_LABEL, _ALLOWED, _TAKEN, _STATE, _GAP = 192, 50, 50, 150, 10


def timeline(rows: Rows, title: str, said: str, words: Words) -> Chart:
    """A row a clock, on one logarithmic line of hours since its start.

    Args:
        rows: label, allowed and taken (hours), is_done, is_late, and allowed_text, taken_text and state_text.
        title: the finding.
        said: the figures, for a reader who hears the page.
        words: the reader's language.
    """
    data = [
        r | {"from": _SHORTEST, "limit": max(r["allowed"], _SHORTEST), "at": max(r["taken"], _SHORTEST)} for r in rows
    ]
    heads = words.labels["dossier"]["chart"]
    chosen, opacity = choice("label")
    base = lines(
        {"label": "", "allowed_text": heads["allowed"], "taken_text": heads["taken"], "state_text": heads["state"]},
        step=STEP + 4,
    )
    width = FULL - _LABEL - _ALLOWED - _TAKEN - _STATE - 4 * _GAP
    chart = alt.hconcat(
        text_column(base, "label", words.say("dossier.clock.stage"), _LABEL).add_params(chosen),
        _line(base.encode(opacity=opacity), data, words).properties(width=width),
        text_column(base, "allowed_text", heads["allowed"], _ALLOWED, "right"),
        text_column(base, "taken_text", heads["taken"], _TAKEN, "right"),
        text_column(base, "state_text", heads["state"], _STATE),
        spacing=_GAP,
    )
    return finish(chart, data, title, said, heads["reading"])


def _line(marks: alt.Chart, data: Rows, words: Words) -> Any:
    """The band allowed, the limit at its end, and the moment it was met or not yet."""
    longest = max([h for r in data for h in (r["limit"], r["at"])], default=24) * 1.3
    shown = {h: amount(words, h, "hours", short=True) for h in _TICKS if h <= longest}
    names = " : ".join(f"datum.value == {h} ? {text!r}" for h, text in shown.items()) + " : ''"
    axis = alt.Axis(
        values=list(shown), labelExpr=names, labelOverlap="greedy", labelSeparation=6, labelPadding=6,
        gridDash=[1, 3], domain=False, ticks=False,
    )  # fmt: skip
    scale = alt.Scale(type="log", domain=[_SHORTEST, longest], nice=False)
    x = alt.X("at:Q", scale=scale, axis=axis, title=words.say("dossier.chart.axis"))
    colour = alt.condition("datum.is_late", alt.value(palette.ACCENT), alt.value(palette.INK))
    shape = alt.condition("datum.is_done", alt.value("circle"), alt.value("triangle-right"))
    return alt.layer(
        marks.mark_bar(height=16, color=palette.OUTCOMES["compliant"]).encode(x="from:Q", x2="limit:Q"),
        marks.mark_rule(strokeWidth=1.5).encode(x="from:Q", x2="at:Q", color=colour),
        marks.mark_tick(thickness=2, height=18, color=palette.GREY).encode(x="limit:Q"),
        marks.mark_point(filled=True, size=70).encode(x=x, color=colour, shape=shape),
    )
