"""Violations under the rules in force beside those under imagined ones."""

from __future__ import annotations

from typing import Any

from audit import palette, sentences
from audit.charts.drawing import FULL, Chart
from audit.charts.rows import Rows, choice, finish, header, lines, text_column
from audit.lean import without_iri_grammar
from audit.words import Words

with without_iri_grammar():
    import altair as alt

_NAMES, _NUMBER, _GAP = 200, 76, 12
_FLOWS = ("appeared", "disappeared")


def beside(checks: list[dict[str, Any]], title: str, words: Words) -> Chart:
    """Two bars a check, before and after, and how many findings came and went.

    Args:
        checks: check, violation_before, violation, appeared and disappeared.
        title: what is imagined.
        words: the reader's language.
    """

    def say(key: str, **values: object) -> str:
        return words.say(f"analyst.whatif.{key}", **values)

    rows: Rows = [
        {"label": sentences.name(words, c["check"]), "before": c["violation_before"], "after": c["violation"]}
        | {f"{name}_text": words.integer(c[name]) for name in _FLOWS}
        | {"before_text": words.integer(c["violation_before"]), "after_text": words.integer(c["violation"])}
        for c in checks
    ]
    chosen, opacity = choice("label")
    heads = {"before_text": say("before"), "after_text": say("after")} | {f"{n}_text": say(n) for n in _FLOWS}
    base = lines({"label": say("check")} | heads)
    most = max([n for r in rows for n in (r["before"], r["after"])], default=0) or 1
    width = (FULL - _NAMES - 2 * _NUMBER - 4 * _GAP) / 2
    bars = [_bars(base.encode(opacity=opacity), name, say(name), most, width) for name in ("before", "after")]
    chart = alt.hconcat(
        text_column(base, "label", say("check"), _NAMES).add_params(chosen),
        *bars,
        *(text_column(base, f"{name}_text", say(name), _NUMBER, "right") for name in _FLOWS),
        spacing=_GAP,
    )
    told = ("before", "after", "appeared", "disappeared")
    said = "; ".join(say("said", check=r["label"], **{n: r[f"{n}_text"] for n in told}) for r in rows)
    return finish(chart, rows, title, f"{said}.", say("note"))


def _bars(base: Any, field: str, head: str, most: int, width: float) -> Any:
    """A column of bars with their numbers behind; both columns have one scale."""
    scale = alt.Scale(domain=[0, most], range=[0, width - 40], nice=False)
    x = alt.X(f"{field}:Q", scale=scale, axis=header(head))
    colour = palette.GREY if field == "before" else palette.ACCENT
    numbers = base.mark_text(align="left", dx=5).encode(x=x, text=f"{field}_text:N")
    return alt.layer(base.mark_bar(height=12, color=colour).encode(x=x), numbers).properties(width=width)
