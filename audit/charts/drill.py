"""Drilling down by clicking: bars of month, system and reason that narrow one another and the table below them.

All of it is one specification with its data inside: it answers in JupyterLab without a kernel and without a network,
trusted or not. The bars count every finding; the table (audit.charts.lookup) lists those it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audit import palette, sentences
from audit.charts import lookup
from audit.charts.drawing import Chart
from audit.charts.forms import label
from audit.charts.lookup import Panel, chosen, param, written
from audit.charts.rows import Rows, finish, header, table
from audit.lean import without_iri_grammar
from audit.results import CheckResult, Count
from audit.words import Words

with without_iri_grammar():
    import altair as alt

LISTED = ("violation", "waived", "undetermined")
"""The outcomes that are findings."""

_SIDES = ("system_id", "client_id", "kind", "purpose", "role")
_FIELDS = ("month", "side", "reason")
_STEP, _GAP = 22, 16
_MOST = {"month": 24, "side": 12, "reason": 12}  # bars
_WIDTHS = {"month": 176, "side": 184, "reason": 260}
_LABELS = {"month": 110, "side": 104, "reason": 176}  # of the width
_NUMBER = 40
_BESIDE = "dblclick, click[!event.item || event.item.mark.marktype === 'group']"
"""What takes a choice back: a click on nothing, for the bars' places leave no room beside them."""


def drill(result: CheckResult, words: Words, *, listed: Rows, side: str | None = None) -> Chart:
    """A check's findings by month, system and reason at once; a click on a bar narrows the others and the table.

    Args:
        result: one check's; the bars show its counts.
        words: the reader's language.
        listed: findings for the table, in the order it begins with, as audit.listed gives them.
        side: what stands between month and reason: system_id, client_id, kind, purpose or role; where not given, the
            first of them that tells the findings apart.
    """
    found = [c for c in result.counts if c.outcome in LISTED]
    side = side or next((s for s in _SIDES if len({getattr(c, s) for c in found}) > 1), _SIDES[0])
    dims = ("month", side, "reason")
    panels = [_panel(field, dim, found, words) for field, dim in zip(_FIELDS, dims, strict=True)]
    sums: Counter[tuple[str, ...]] = Counter()
    for c in found:
        sums[tuple(p.name(vars(c)) for p in panels)] += c.n
    rows = [dict(zip(_FIELDS, names, strict=True)) | {"n": n} for names, n in sums.items()]
    title = words.say("charts.drill.title", n=sums.total(), side=panels[1].head.lower())
    bars = alt.hconcat(*(_bars(p, rows, words) for p in panels), spacing=_GAP)
    still = finish(bars, rows, title, _said(panels[-1], rows, words))
    if not rows:
        return still
    lines = [lookup.line(f, place, panels, words) for place, f in enumerate(listed)]
    below = lookup.views(panels, len(lines), sums.total(), words)
    data = {"rows": rows, "lines": lines, "heads": lookup.heads(panels, words)}
    return replace(
        still, screen=_stacked(still.spec, below) | {"datasets": data}, reading=words.say("charts.drill.reading")
    )


def _stacked(above: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """Two specifications, one over the other; put together here, as altair would copy both at every step."""
    bars = {key: above[key] for key in ("hconcat", "spacing")}
    rest = {key: value for key, value in above.items() if key not in bars}
    return rest | {"vconcat": [bars, *below["vconcat"]], "spacing": 14, "params": [*above["params"], *below["params"]]}


def _panel(field: str, dim: str, found: list[Count], words: Words) -> Panel:
    """A dimension's values by their number of findings, months in their order; the rarest ones share a bar."""
    panel = Panel(field, dim, _head(dim, words), {})
    sums: Counter[Any] = Counter()
    for c in found:
        sums[panel.value(vars(c))] += c.n
    values = sorted(sums, key=lambda v: (v is None, v)) if dim == "month" else [v for v, _ in sums.most_common()]
    most = _MOST[field] if len(values) <= _MOST[field] else _MOST[field] - 1
    rest = words.say("charts.by.others", n=len(values) - most)
    names = {v: _name(dim, v, words) if i < most else rest for i, v in enumerate(values)}
    return replace(panel, names=names)


def _head(dim: str, words: Words) -> str:
    return sentences.sentence_case(words.say("charts.head.reason" if dim == "reason" else f"charts.dim.{dim}"))


def _name(dim: str, value: Any, words: Words) -> str:
    if dim == "reason":
        outcome, code = value
        said = sentences.sentence_case(sentences.reason(words, code))
        return said if outcome == LISTED[0] else f"{said} ({words.say(f'charts.outcome.{outcome}')})"
    return label(dim, value, words)


def _said(panel: Panel, rows: Rows, words: Words) -> str:
    """A panel's figures, for who hears the page."""
    said = "; ".join(f"{bar} {words.integer(n)}" for bar, n in _sums(panel, rows).items())
    return words.say("charts.said.bar", said=said or words.say("charts.none"))


def _sums(panel: Panel, rows: Rows) -> Mapping[str, int]:
    return {bar: sum(r["n"] for r in rows if r[panel.field] == bar) for bar in panel.bars}


def _bars(panel: Panel, rows: Rows, words: Words) -> Any:
    """All findings in light, those that the other panels let through in dark, and a place to click for each bar."""
    field, width, label = panel.field, _WIDTHS[panel.field], _LABELS[panel.field]
    several = "event.shiftKey || event.ctrlKey || event.metaKey"
    clicked = alt.selection_point(name=param(field), fields=[field], toggle=several, clear=_BESIDE)
    longest = max(_sums(panel, rows).values(), default=1)
    scale = alt.Scale(domain=[0, longest], range=[label + 8, width - _NUMBER], nice=False)
    head = header(panel.head)
    head.titleX = 0
    x = alt.X("n:Q", scale=scale, axis=head)
    y = alt.Y(f"{field}:N", scale=alt.Scale(domain=panel.bars), axis=None)
    base = table().encode(y=y, opacity=alt.condition(clicked, alt.value(1), alt.value(0.35)))
    every = base.transform_aggregate(n="sum(n)", groupby=[field])
    some = chosen(base, *(f for f in _FIELDS if f != field)).transform_aggregate(n="sum(n)", groupby=[field])
    some = some.transform_calculate(text=written("datum.n", words))
    return alt.layer(
        every.mark_bar(height=12, color=palette.OUTCOMES["compliant"]).encode(x=x),
        some.mark_bar(height=12, color=palette.ACCENT).encode(x=x),
        some.mark_text(align="right").encode(x=alt.value(width), text="text:N"),
        every.mark_text(align="left", limit=label).encode(x=alt.value(0), text=f"{field}:N"),
        every.mark_rect(cursor="pointer")  # hovering tells a name that is longer than its place
        .encode(
            x=alt.value(0),
            x2=alt.value(width),
            opacity=alt.value(0),
            tooltip=alt.Tooltip(f"{field}:N", title=panel.head),
        )
        .add_params(clicked),
    ).properties(width=width, height=alt.Step(_STEP))
