"""The form most questions want: a row each, its rate on a track, and what is not compliant beside it."""

from __future__ import annotations

from typing import Any, Literal

from audit import palette
from audit.charts.drawing import FULL, Chart, config
from audit.hidden import is_hidden
from audit.lean import without_iri_grammar
from audit.words import Words

with without_iri_grammar():
    import altair as alt

Rows = list[dict[str, Any]]
Align = Literal["left", "right"]
STEP = 24
OPEN = ("violation", "waived", "undetermined", "pending")
_JUDGED, _SHARE = 56, 58


def outcome_rows(rows: Rows, title: str, judged: str, words: Words) -> Chart:
    """Rows with a label, a population, a rate and the counts of OPEN, as aligned columns that share one order.

    ``judged`` heads the column of denominators. Columns of outcomes that do not occur are left out, save violations.
    """
    shown = [o for o in OPEN if o == "violation" or any(r[o] for r in rows)]
    data = [
        {
            "label": r["label"],
            "judged": words.integer(r["population"]),
            "rate": None if is_hidden(r["rate"]) else r["rate"],
            "share": words.percent(r["rate"]),
        }
        | {o: drawn(r[o]) for o in shown}
        | {f"{o}_text": words.integer(r[o]) for o in shown}
        for r in rows
    ]
    chosen, opacity = choice("label")
    called = {o: words.say(f"charts.head.{o}") for o in shown}
    heads = {f"{o}_text": name for o, name in called.items()}
    base = lines({"label": "", "judged": judged, "share": words.say("charts.head.share")} | heads)
    names = min(200, max(7 * max(len(r["label"]) for r in rows), 80)) if rows else 80
    numbers = {o: 7 * len(called[o]) for o in shown if o != "violation"}
    track, gap = 84, 12
    bars = FULL - names - _JUDGED - track - _SHARE - sum(numbers.values()) - gap * (3 + len(numbers))
    lively = base.encode(opacity=opacity)
    columns = [
        text_column(base, "label", "", names).add_params(chosen),
        text_column(base, "judged", judged, _JUDGED, "right"),
        _track(lively, track, words.say("charts.head.rate")),
        _violations(lively, data, max(bars, 70), called["violation"]),
        *(text_column(base, f"{o}_text", called[o], width, "right") for o, width in numbers.items()),
    ]
    said = "; ".join(_said(r, shown, words) for r in rows)
    return finish(alt.hconcat(*columns, spacing=gap), data, title, words.say("charts.each_row", said=said))


def drawn(n: int) -> int:
    """The length of a count's bar: none where the count is not shown."""
    return 0 if is_hidden(n) else n


def table() -> alt.Chart:
    """A chart of the rows that finish puts into it: one copy, whatever the number of views."""
    return alt.Chart(alt.NamedData("rows"))


def lines(tooltip: dict[str, str], field: str = "label", step: int = STEP) -> alt.Chart:
    """A line for each row, in the order given, known by a field; the tooltip names what it shows."""
    y = alt.Y(f"{field}:N", sort=None, axis=None)
    return table().properties(height=alt.Step(step)).encode(y=y, tooltip=tips(tooltip))


def text_column(base: alt.Chart, field: str, head: str, width: float, align: Align = "left") -> Any:
    """A column of words or numbers, headed."""
    x = 0 if align == "left" else width
    return (
        base.mark_text(align=align, limit=width)
        .encode(
            text=alt.Text(f"{field}:N"),
            x=alt.X("here:Q", axis=header(head, align), scale=alt.Scale(domain=[0, width], nice=False)),
        )
        .transform_calculate(here=str(x))
        .properties(width=width)
    )


def _track(base: alt.Chart, width: float, head: str) -> Any:
    """The rate on its way to 100 %, with its number behind."""
    scale, axis = alt.Scale(domain=[0, 1]), header(head)
    rail = base.mark_bar(height=8, color=palette.OUTCOMES["compliant"]).encode(
        x=alt.X("none:Q", scale=scale, axis=axis), x2=alt.X2("all:Q")
    )
    bar = base.mark_bar(height=8, color=palette.GREY).encode(x=alt.X("rate:Q", scale=scale, axis=axis))
    number = base.mark_text(align="right", dx=_SHARE, fontWeight=600).encode(
        x=alt.X("all:Q", scale=scale, axis=axis), text=alt.Text("share:N")
    )
    return alt.layer(rail, bar, number).transform_calculate(none="0", all="1").properties(width=width)


def _violations(base: alt.Chart, data: Rows, width: float, head: str) -> Any:
    """The count that needs attention, as bars with their numbers."""
    scale = alt.Scale(
        domain=[0, max((r["violation"] for r in data), default=0) or 1], range=[0, width - 40], nice=False
    )
    x = alt.X("violation:Q", scale=scale, axis=header(head))
    bars = base.mark_bar(height=12, color=palette.ACCENT).encode(x=x)
    numbers = base.mark_text(align="left", dx=5).encode(x=x, text=alt.Text("violation_text:N"))
    return alt.layer(bars, numbers).properties(width=width)


def header(title: str, align: Align = "left") -> alt.Axis:
    """A column's head: an axis' title above marks that carry their own numbers."""
    return alt.Axis(
        title=title,
        orient="top",
        labels=False,
        ticks=False,
        domain=False,
        grid=False,
        titleAnchor="start" if align == "left" else "end",
        titleAlign=align,
        titlePadding=8,
    )


def choice(field: str) -> tuple[Any, Any]:
    """A row under the pointer, and the opacity that lets the others step back."""
    chosen = alt.selection_point(name="chosen", fields=[field], on="pointerover", clear="pointerout", empty=True)
    # Channels are of their own kind: for a dict or a text altair looks through its whole schema.
    return chosen, alt.OpacityValue(0.35, condition={"param": chosen.name, "empty": True, "value": 1})


def tips(fields: dict[str, str]) -> list[alt.Tooltip]:
    """A tooltip: each field with what it is called."""
    return [alt.Tooltip(f"{name}:N", title=title or name) for name, title in fields.items()]


def finish(chart: Any, rows: Rows, title: str, said: str, caption: str | None = None) -> Chart:
    """The drawing as a Chart in the house's look, with its rows; ``said`` gives its figures to who hears the page."""
    # Unchecked against the schema, which takes longer than the drawing: the tests compile every form.
    spec: dict[str, Any] = chart.configure(**config()).to_dict(validate=False)
    return Chart(title, f"{title}. {said}", spec | {"datasets": {"rows": rows}}, caption)


def _said(row: dict[str, Any], shown: list[str], words: Words) -> str:
    rate = words.percent(row["rate"])
    parts = [words.say(f"charts.said.{'undecided' if row['rate'] is None else 'rate'}", rate=rate)]
    parts += [words.say(f"sentences.open.{o}", n=row[o]) for o in shown]
    return words.say("charts.said.row", label=row["label"], population=row["population"], parts=", ".join(parts))
