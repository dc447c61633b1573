"""A table inside a chart: lines to search, sort and page through, narrowed by what is chosen in the panels above it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit import palette, sentences
from audit.charts.drawing import FULL
from audit.charts.rows import Rows, table
from audit.lean import without_iri_grammar
from audit.words import NOTHING, Words

with without_iri_grammar():
    import altair as alt

PAGE = 12
"""How many lines show at a time."""

_STEP = 22
_PAGE_SHOWN = f"max(min(page || 1, ceil(datum.count / {PAGE})), 1)"  # the last one, where a choice leaves fewer
_PLACES = {"reason": 0, "side": 184, "item": 320, "began": 436, "over": 550}  # where each column begins
_NARROW, _WIDE = "IJfijlrt ", "MWmw"
_SORTED_BY = {"began": "occurred_at", "over": "amount"}  # where it is not by what is shown
_SEARCHED = ("reason", "side", "item", "began", "client", "finding", "source")
_WHOLE = " + ' ' + ".join(f"datum.{field}" for field in _SEARCHED)
_MATCHES = f"indexof(lower({_WHOLE}), lower(search)) >= 0"
_TIPS = ("item", "began", "due", "over", "client", "finding", "source")


@dataclass(frozen=True)
class Panel:
    """One dimension of the findings.

    Attributes:
        field: what the drawn rows call it.
        dim: what counts and findings call it; a reason is told with its outcome.
        head: what the reader calls it.
        names: its values with the names of their bars.
    """

    field: str
    dim: str
    head: str
    names: Mapping[Any, str]

    @property
    def bars(self) -> list[str]:
        """The names in their order, each once."""
        return list(dict.fromkeys(self.names.values()))

    def value(self, of: Mapping[str, Any]) -> Any:
        """A count's or a finding's value."""
        return (of["outcome"], of["reason"]) if self.dim == "reason" else of[self.dim]

    def name(self, of: Mapping[str, Any]) -> str:
        """What that is called."""
        return self.names.get(self.value(of), NOTHING)


def param(field: str) -> str:
    """The name of what is chosen in a panel."""
    return f"by_{field}"


def chosen(chart: Any, *fields: str) -> Any:
    """Only what is chosen in these panels; all where nothing is."""
    for field in fields:
        chart = chart.transform_filter({"param": param(field)})
    return chart


def written(number: str, words: Words) -> str:
    """The expression of a number as the reader of the language writes it."""
    return f"replace(format({number}, ','), /,/g, '{words.integer(1000)[1:-3]}')"


def line(finding: Mapping[str, Any], place: int, panels: Sequence[Panel], words: Words) -> dict[str, Any]:
    """A finding as a line; ``place`` is its place among all."""
    amount, due, file = finding["amount"], finding["due_at"], finding["source_file"]
    return {p.field: p.name(finding) for p in panels} | {
        "place": place,
        "item": finding["item_key"],
        "occurred_at": finding["occurred_at"],
        "began": words.instant(finding["occurred_at"]),
        "due": words.instant(due) if due and "T" in due else words.day(due),
        "amount": amount,
        "over": NOTHING if amount is None else sentences.amount(words, amount, finding["unit"], short=True),
        "client": finding["client_id"] or NOTHING,
        "finding": finding["finding_id"],
        "source": f"{file}:{finding['source_line']}" if file else NOTHING,
    }


def heads(panels: Sequence[Panel], words: Words) -> Rows:
    """What stands over the columns: a click on a name sorts upwards, on the arrow beside it downwards."""
    called = {p.field: p.head for p in panels} | {k: words.say(f"charts.drill.{k}") for k in _TIPS}
    marks = []
    for column, x in _PLACES.items():
        by, name = _SORTED_BY.get(column, column), called[column]
        marks.append({"by": by, "down": 0, "x": x, "label": f"{name} ▲"})
        marks.append({"by": by, "down": 1, "x": x + _width(name) + 20, "label": "▼"})
    return marks


def _width(name: str) -> float:
    """About how many pixels a name in the head takes."""
    return sum(4 if c in _NARROW else 10.5 if c in _WIDE else 7.2 for c in name)


def _controls(lines: int, words: Words) -> list[dict[str, Any]]:
    """What stands under the table: text to search for, and which page of it shows."""
    search = {"input": "search", "name": words.say("charts.drill.search"), "debounce": 200, "autocomplete": "off"}
    last = max(-(-lines // PAGE), 1)
    # A number to type: a slider of many pages hits none of them, and gets no keys in JupyterLab.
    pages = {"input": "number", "name": words.say("charts.drill.page"), "min": 1, "max": last, "step": 1}
    return [{"name": "search", "value": "", "bind": search}, {"name": "page", "value": 1, "bind": pages}]


def views(panels: Sequence[Panel], lines: int, total: int, words: Words) -> dict[str, Any]:
    """A specification of how many are chosen, the heads, the lines, and what to type for the one that was clicked.

    Args:
        panels: those that narrow it.
        lines: how many there are.
        total: how many findings there are, of which the lines may be a part.
        words: the reader's language.
    """
    sort = alt.selection_point(
        name="sort", fields=["by", "down"], value=[{"by": "place", "down": 0}], toggle=False, clear=False
    )
    picked = alt.selection_point(name="picked", fields=["finding"], empty=False, toggle=False)
    fields = [p.field for p in panels]
    left, scale = alt.value(0), alt.Scale(domain=[0, FULL], range=[0, FULL])
    how_many = chosen(table(), *fields).transform_aggregate(n="sum(n)")
    how_many = how_many.transform_calculate(text=_counted(panels, lines, total, words))
    top = alt.Chart(alt.NamedData("heads")).add_params(sort)
    bright = alt.condition(sort, alt.value(1), alt.value(0.5))
    command = alt.Chart(alt.NamedData("lines")).transform_filter(picked)
    command = command.transform_calculate(text="'audit evidence ' + datum.finding + '    ' + datum.source")
    stacked = alt.vconcat(
        _one_line(how_many, color=palette.GREY).encode(x=left, text="text:N"),
        _one_line(top, fontWeight=600, cursor="pointer").encode(
            x=alt.X("x:Q", scale=scale, axis=None), text="label:N", opacity=bright
        ),
        _lines(fields, picked, words),
        _one_line(_numbered(fields, words), color=palette.GREY).encode(x=left, text="text:N"),
        _one_line(command, color=palette.GREY).encode(x=left, text="text:N"),
    )
    spec: dict[str, Any] = stacked.to_dict(validate=False)
    return spec | {"params": [*spec["params"], *_controls(lines, words)]}


def _one_line(chart: Any, **style: Any) -> Any:
    return chart.mark_text(align="left", tooltip=None, **style).encode(y=alt.value(8)).properties(width=FULL, height=16)


def _counted(panels: Sequence[Panel], lines: int, total: int, words: Words) -> str:
    """The expression of how many findings are chosen, and of how many the table has where it has not all."""
    side, mark = panels[1].head.lower(), "\x00"
    said = words.say("charts.drill.chosen", chosen=mark, all=total)
    if lines < total:
        said += f" {words.say('charts.drill.sampled', listed=lines, side=side)}"
    before, _, after = said.partition(mark)
    return f"{before!r} + {written('datum.n || 0', words)} + {after!r}"


def _numbered(fields: Sequence[str], words: Words) -> Any:
    """Which of the lines show, of those that are chosen and match the search; a word where none does."""
    marks = {"first": "\x00", "last": "\x01", "n": "\x02"}
    numbers = {
        "\x00": f"{PAGE} * ({_PAGE_SHOWN} - 1) + 1",
        "\x01": f"min({PAGE} * {_PAGE_SHOWN}, datum.count)",
        "\x02": "datum.count",
    }
    parts = re.split("([\x00-\x02])", words.say("charts.drill.lines", **marks))
    said = " + ".join(written(f"({numbers[p]})", words) if p in numbers else repr(p) for p in parts if p)
    none = repr(words.say("charts.drill.no_line"))
    # Summed up, not filtered: of no rows at all there would be no sum to tell.
    found = chosen(alt.Chart(alt.NamedData("lines")), *fields).transform_calculate(hit=f"{_MATCHES} ? 1 : 0")
    return found.transform_aggregate(count="sum(hit)").transform_calculate(text=f"datum.count ? {said} : {none}")


def _lines(fields: Sequence[str], picked: Any, words: Words) -> Any:
    """The page of lines."""
    base = _page(chosen(alt.Chart(alt.NamedData("lines")), *fields))
    base = base.encode(y=alt.Y("line:Q", scale=alt.Scale(domain=[-0.5, PAGE - 0.5], reverse=True), axis=None))
    ends = [*list(_PLACES.values())[1:], FULL]
    columns = [
        base.mark_text(align="left", limit=end - x - 10).encode(x=alt.value(x), text=f"{column}:N")
        for (column, x), end in zip(_PLACES.items(), ends, strict=True)
    ]
    tips = [alt.Tooltip(f"{k}:N", title=words.say(f"charts.drill.{k}")) for k in _TIPS]
    shade = alt.condition(picked, alt.value(0.3), alt.value(0))
    row = base.mark_rect(cursor="pointer", height=_STEP, color=palette.TINT)
    row = row.encode(x=alt.value(-4), x2=alt.value(FULL), opacity=shade, tooltip=tips).add_params(picked)
    return alt.layer(*columns, row).properties(width=FULL, height=_STEP * PAGE)


def _page(chart: Any) -> Any:
    """Those that match the search, sorted; of them the page that shows, each with its place on it."""
    place = "(sort.down[0] ? datum.count + 1 - datum.rank : datum.rank) - 1"
    return (
        chart.transform_filter(_MATCHES)
        .transform_calculate(key="datum[sort.by[0]]")
        .transform_window(rank="row_number()", sort=[{"field": "key"}, {"field": "place"}])
        .transform_joinaggregate(count="count()")
        .transform_calculate(line=f"{place} - {PAGE} * ({_PAGE_SHOWN} - 1)")
        .transform_filter(f"0 <= datum.line && datum.line < {PAGE}")
    )
