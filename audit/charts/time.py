"""Forms about time: what ran late, how long the stages took, which days have data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit import palette, sentences
from audit.charts.drawing import FULL, Chart
from audit.charts.rows import STEP, Rows, choice, finish, header, lines, text_column
from audit.lean import without_iri_grammar
from audit.results import CheckResult, Coverage, Finding, Results
from audit.words import Words

with without_iri_grammar():
    import altair as alt

_TICKS = (1, 24, 240, 2400)  # hours; the catalogue has a name for each
_TOLD = ("n", "p50", "p90", "max")
_SHORTEST = 0.5  # hours: a logarithm has no place for a stage reached at once


def stages(result: CheckResult, words: Words) -> Chart:
    """How long each stage took from detection: the median, nine in ten and the longest, against the targets' range.

    Reads ``extras["durations"]``, in hours: stage, n, p50_hours, p90_hours, max_hours, and tightest_hours and
    widest_hours, the least and the most that a target allows for these incidents.
    """
    rows = [_stage(r, words) for r in result.extras.get("durations", []) if r["n"]]
    title = _furthest(rows, words)
    chosen, opacity = choice("label")
    named = {"n_text": "incidents", "p50_text": "median", "p90_text": "nine", "max_text": "longest", "target": "target"}
    stage = words.say("charts.head.stage")
    heads = {field: words.say(f"charts.head.{name}") for field, name in named.items()}
    base = lines({"label": stage} | heads, step=STEP + 6)
    widths = {"n_text": 58, "p50_text": 54, "p90_text": 54, "max_text": 54, "target": 78}
    after = [text_column(base, field, heads[field], widths[field], "right") for field in list(heads)[1:]]
    chart = alt.hconcat(
        text_column(base, "label", stage, 76).add_params(chosen),
        text_column(base, "n_text", heads["n_text"], widths["n_text"], "right"),
        _spans(base.encode(opacity=opacity), rows, words).properties(width=FULL - 76 - sum(widths.values()) - 6 * 12),
        *after,
        spacing=12,
    )
    said = "; ".join(
        words.say("charts.said.stage", label=r["label"], target=r["target"], **{k: r[f"{k}_text"] for k in _TOLD})
        for r in rows
    )
    told = words.say("charts.said.durations", said=said or words.say("charts.none"))
    return finish(chart, rows, title, told, words.say("charts.stages.reading"))


def _spans(marks: alt.Chart, rows: Rows, words: Words) -> Any:
    """A stage's durations on a logarithmic line, over the band of its targets."""
    longest = max([h for r in rows for h in (r["max"], r["widest"] or 0)], default=24) * 1.3
    ticks = {
        hours: name
        for hours, name in zip(_TICKS, words.labels["charts"]["stages"]["ticks"], strict=True)
        if hours <= longest
    }
    names = " : ".join(f"datum.value == {h} ? '{name}'" for h, name in ticks.items()) + " : ''"
    axis = alt.Axis(values=list(ticks), labelExpr=names, gridDash=[1, 3], domain=False, ticks=False, labelPadding=6)
    scale = alt.Scale(type="log", domain=[_SHORTEST, longest], nice=False)
    x = alt.X("p50:Q", scale=scale, axis=axis, title=words.say("charts.head.since"))
    return alt.layer(
        marks.mark_bar(height=22, color=palette.OUTCOMES["compliant"]).encode(x="tightest:Q", x2="widest:Q"),
        marks.mark_rule(color=palette.GREY, strokeWidth=1.5).encode(x="p50:Q", x2="max:Q"),
        marks.mark_bar(height=6, color=palette.GREY).encode(x="p50:Q", x2="p90:Q"),
        marks.mark_tick(thickness=2, height=12, color=palette.ACCENT).encode(x="max:Q"),
        marks.mark_point(filled=True, size=60, color=palette.INK).encode(x=x),
    )


def _stage(row: dict[str, Any], words: Words) -> dict[str, Any]:
    """A stage's durations as lengths and as text."""
    hours = {k: float(row[f"{k}_hours"]) for k in ("p50", "p90", "max")}
    tightest, widest = row.get("tightest_hours"), row.get("widest_hours")
    least, most = (sentences.amount(words, h, "hours", short=True) if h else "" for h in (tightest, widest))
    return (
        {k: max(v, _SHORTEST) for k, v in hours.items()}
        | {
            "label": sentences.sentence_case(words.code(row["stage"])),
            "n_text": words.integer(row["n"]),
            "tightest": tightest,
            "widest": widest,
            "longest": sentences.amount(words, hours["max"], "hours"),
            "allowed": sentences.amount(words, widest, "hours") if widest else "",
            "target": (least if least == most else f"{least}–{most}") or words.say("charts.stages.no_target"),
        }
        | {f"{k}_text": sentences.amount(words, v, "hours", short=True) for k, v in hours.items()}
    )


def _furthest(rows: Rows, words: Words) -> str:
    """Which stage strays furthest from its target."""
    if not rows:
        return words.say("charts.stages.none")
    aimed = [r for r in rows if r["widest"]]
    if not aimed:
        worst = max(rows, key=lambda r: r["max"])
        return words.say("charts.stages.longest", label=worst["label"], longest=worst["longest"])
    worst = max(aimed, key=lambda r: r["max"] / r["widest"])
    if worst["max"] <= worst["widest"]:
        return words.say("charts.stages.good")
    return words.say("charts.stages.furthest", **{k: worst[k] for k in ("label", "longest", "allowed")})


def coverage(results: Results, words: Words) -> Chart:
    """Whether each source carries the period: days with rows, and the longest silence."""
    rows: Rows = [
        {
            "label": sentences.source(words, c, results.coverage),
            "rows": words.integer(c.rows),
            "with": c.days - c.silent_days,
            "days": c.days,
            "longest": c.longest_silence,
            "silent": c.outcome == "violation",
            "with_text": words.say("charts.of", n=c.days - c.silent_days, all=c.days),
            "longest_text": _silence(c, words),
        }
        for c in results.coverage
    ]
    quiet = [r for r in rows if r["silent"]]
    sources = sentences.count(words, len(rows), "source")
    title = words.say(f"charts.coverage.{'good' if rows else 'none'}", sources=sources)
    if quiet:
        worst = max(quiet, key=lambda r: r["longest"])
        days = sentences.count(words, worst["longest"], "days")
        title = words.say("charts.coverage.quiet", n=len(quiet), sources=sources, label=worst["label"], days=days)
    chosen, opacity = choice("label")
    named = {"label": "source", "rows": "rows", "with_text": "days", "longest_text": "silence"}
    heads = {field: words.say(f"charts.head.{name}") for field, name in named.items()}
    base = lines(heads)
    names = min(230, max([7 * len(r["label"]) for r in rows], default=80))
    most = max([r["days"] for r in rows], default=1)
    silence = max([r["longest"] for r in rows], default=1) or 1
    width = (FULL - names - 64 - 2 * 84 - 3 * 12) / 2
    quiet_or_not = alt.condition("datum.silent", alt.value(palette.ACCENT), alt.value(palette.OUTCOMES["pending"]))
    marks = base.encode(opacity=opacity)
    with_rows = marks.encode(color=alt.value(palette.OUTCOMES["pending"]))
    chart = alt.hconcat(
        text_column(base, "label", heads["label"], names).add_params(chosen),
        text_column(base, "rows", heads["rows"], 64, "right"),
        _measure(with_rows, "with", heads["with_text"], most).properties(width=width),
        _measure(marks.encode(color=quiet_or_not), "longest", heads["longest_text"], silence).properties(width=width),
        spacing=12,
    )
    said = "; ".join(
        words.say("charts.said.coverage", label=r["label"], days=r["with_text"], longest=r["longest_text"])
        for r in rows
    )
    return finish(chart, rows, title, words.say("charts.each_row", said=said or words.say("charts.none")))


def _silence(coverage: Coverage, words: Words) -> str:
    """The longest silence, and whether it is too long."""
    longest = sentences.amount(words, coverage.longest_silence, "days")
    return words.say("charts.coverage.too_long", longest=longest) if coverage.outcome == "violation" else longest


def clocks(result: CheckResult, words: Words, *, top: int = 10) -> Chart:
    """The clocks furthest over: a strip each from its start to its limit, and from there to how far it went."""
    late = [f for f in result.findings(outcome="violation") if f.amount and f.amount > 0 and f.occurred_at and f.due_at]
    rows = [_clock(f, words) for f in late[:top]]
    noun = sentences.unit(words, result.unit, 1)
    part = "head_part" if len(rows) < len(late) else "head"
    head = words.say(f"charts.clocks.{part}", n=len(rows), all=len(late))
    title = words.say("charts.clocks.none", unit=noun)
    if rows:
        title = words.say("charts.clocks.furthest", unit=noun, over=rows[0]["over_text"])
    chosen, opacity = choice("label")
    began, due, over = (words.say(f"charts.head.{name}") for name in ("began", "limit", "over_by"))
    base = lines({"label": noun.capitalize(), "began": began, "due": due, "over_text": over})
    limit = max([r["allowed"] + r["over"] for r in rows], default=1)
    x = alt.X("allowed:Q", scale=alt.Scale(domain=[0, limit], nice=False), axis=header(head))
    marks = base.encode(opacity=opacity)
    strips = alt.layer(
        marks.mark_bar(height=12, color=palette.OUTCOMES["compliant"]).encode(x=x),
        marks.mark_bar(height=12, color=palette.ACCENT).encode(x=x, x2="end:Q"),
        base.mark_text(align="left", dx=6).encode(x=alt.X("end:Q"), text="over_text:N"),
    ).properties(width=FULL - 130 - 90 - 90 - 3 * 12 - 70)
    chart = alt.hconcat(
        text_column(base, "label", noun.capitalize(), 130).add_params(chosen),
        text_column(base, "began", began, 90),
        text_column(base, "due", due, 90),
        strips,
        spacing=12,
    )
    said = "; ".join(
        words.say("charts.said.clock", label=r["label"], began=r["began"], due=r["due"], over=r["over_text"])
        for r in rows
    )
    return finish(chart, rows, title, words.say("charts.said.strip", said=said or words.say("charts.none")))


def _clock(finding: Finding, words: Words) -> dict[str, Any]:
    """A finding's span in days from its start, for the eye; the check has already done the exact arithmetic."""
    began, due = (datetime.fromisoformat(t or "") for t in (finding.occurred_at, finding.due_at))
    allowed = (due.replace(tzinfo=None) - began.replace(tzinfo=None)).total_seconds() / 86_400
    over = (finding.amount or 0) / (24 if finding.unit == "hours" else 1)
    return {
        "label": finding.item_key,
        "began": words.day(began.date()),
        "due": words.day(due.date()),
        "allowed": max(allowed, 0),
        "over": over,
        "end": max(allowed, 0) + over,
        "over_text": sentences.amount(words, finding.amount or 0, finding.unit),
    }


def _measure(base: Any, field: str, head: str, most: float) -> Any:
    """A column of bars with their numbers behind."""
    x = alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=header(head))
    numbers = base.mark_text(align="left", dx=5).encode(x=x, text=f"{field}_text:N", color=alt.value(palette.INK))
    return alt.layer(base.mark_bar(height=12).encode(x=x), numbers)
