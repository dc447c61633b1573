"""The chart forms: each takes results, finds what they say, and draws that.

Numbers arrive formatted, as the reader of the language writes them; forms never see a connection.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from audit import palette, sentences
from audit.charts.drawing import FULL, Chart
from audit.charts.rows import OPEN, Rows, choice, drawn, finish, header, lines, outcome_rows, table, text_column, tips
from audit.charts.time import clocks
from audit.hidden import is_hidden
from audit.lean import without_iri_grammar
from audit.results import CheckResult, Results
from audit.words import Words

with without_iri_grammar():
    import altair as alt

_WITHOUT = {"client_id": "own", "month": "outside"}
"""What items without a value of a dimension are called; of the others, not recorded."""
_DAY = 24.0
_FEW = 5
_SHORT = 3  # so few columns need little height
_BINS = (1, 6, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY, 365 * _DAY)
"""Hours at which a span ends and the next begins; the catalogue has a name for each, and for what is beyond."""


def overview(results: Results, words: Words) -> Chart:
    """Every check's rate and what stands beside it, the lowest rate first."""
    rows: Rows = [
        {"label": sentences.name(words, c.check), "population": c.population, "rate": c.rate}
        | {o: c.count(o) for o in OPEN}
        for c in sentences.promises(results)
        if c.evaluated
    ]
    rows.sort(key=lambda r: (r["rate"] is None, r["rate"] or 0, r["label"]))
    decided = [r for r in rows if r["rate"] is not None]  # the others do not say that there is no violation
    bad = sum(r["violation"] > 0 for r in decided)
    checks = sentences.count(words, len(decided), "check")
    title = words.say(f"charts.overview.{'bad' if bad else 'good'}", n=bad, checks=checks)
    if not decided:
        title = words.say("charts.overview.none")
        rows = [r for r in rows if r["population"]]  # of nothing at all there is nothing to draw
    return outcome_rows(rows, title, words.say("charts.head.judged"), words)


def by(result: CheckResult, dim: str, words: Words, *, top: int = 8) -> Chart:
    """The rate and what stands beside it for each month, client_id, system_id, purpose, kind or role.

    Months come in order; else the most violations first, and what is beyond ``top`` rows in one.

    Args:
        result: one check's.
        dim: month, client_id, system_id, purpose, kind or role.
        words: the reader's language.
        top: how many rows at the most.
    """
    rows = [r | {"label": label(dim, r[dim], words)} for r in result.by(dim)]
    worst = sorted(rows, key=lambda r: (-r["violation"], -r["undetermined"], -r["population"], r["label"]))
    title = _where(worst, words.say(f"charts.dim.{dim}"), words)
    if dim != "month":
        rows = worst if len(worst) <= top else [*worst[: top - 1], _rest(worst[top - 1 :], words)]
    return outcome_rows(rows, title, sentences.unit(words, result.unit).capitalize(), words)


def by_month(result: CheckResult, words: Words) -> Chart:
    """:func:`by` month."""
    return by(result, "month", words)


def by_client(result: CheckResult, words: Words) -> Chart:
    """:func:`by` client; without one it is the organisation's own data."""
    return by(result, "client_id", words)


def by_system(result: CheckResult, words: Words) -> Chart:
    """:func:`by` system."""
    return by(result, "system_id", words)


def by_kind(result: CheckResult, words: Words) -> Chart:
    """:func:`by` the check's own category: a request's kind, an incident's severity, a record's data category."""
    return by(result, "kind", words)


def reasons(result: CheckResult, words: Words) -> Chart:
    """Why items are not compliant: how many for each reason, violations first."""
    rows: Rows = [
        {
            "key": f"{outcome} {code}",
            "label": sentences.reason(words, code),
            "outcome": words.say(f"charts.outcome.{outcome}"),
            "colour": palette.OUTCOMES[outcome],
            "n": drawn(n),
            "text": words.say("charts.of", n=n, all=result.count(outcome)),
        }
        for outcome in ("violation", "waived", "undetermined")
        for code, n in result.reasons.get(outcome, {}).items()
    ]
    title = _commonest(result, words) if rows else words.say("charts.reasons.none")
    heads = {"label": "reason", "outcome": "outcome", "text": "count"}
    chosen, opacity = choice("key")
    base = lines({k: words.say(f"charts.head.{head}") for k, head in heads.items()}, "key")
    units = sentences.unit(words, result.unit).capitalize()
    axis = header(words.say("charts.head.with_outcome", units=units))
    x = alt.X("n:Q", scale=alt.Scale(domain=[0, _most(rows, "n")], nice=False), axis=axis)
    bars = base.mark_bar(height=12).encode(x=x, color=alt.Color("colour:N", scale=None), opacity=opacity)
    numbers = base.mark_text(align="left", dx=5).encode(x=x, text="text:N")
    chart = alt.hconcat(
        text_column(base, "outcome", words.say("charts.head.outcome"), 90).add_params(chosen),
        text_column(base, "label", words.say("charts.head.reason"), 180),
        alt.layer(bars, numbers).properties(
            width=FULL - 90 - 180 - 2 * 12 - max([7 * len(r["text"]) for r in rows], default=0)
        ),
        spacing=12,
    )
    said = "; ".join(words.say("charts.said.reason", **{k: r[k] for k in ("outcome", "label", "text")}) for r in rows)
    return finish(chart, rows, title, words.say("charts.said.bar", said=said or words.say("charts.none")))


def _commonest(result: CheckResult, words: Words) -> str:
    """The commonest reason of the gravest outcome, told against all of that outcome; of several how many they are."""
    outcome = next(o for o in ("violation", "waived", "undetermined") if result.reasons.get(o))
    found = result.reasons[outcome]
    code, n = next(iter(found.items()))
    things = words.say(f"sentences.open.{outcome}", n=result.count(outcome))
    if any(is_hidden(n) for n in found.values()):
        return words.say("charts.reasons.hidden", things=sentences.sentence_case(things))
    if (k := sentences.leading(found)) > 1:
        things = sentences.sentence_case(things) if k == len(found) else things
        return words.say(f"charts.reasons.{'even' if k == len(found) else 'tied'}", things=things, n=n, k=k)
    return words.say("charts.reasons.lead", label=sentences.sentence_case(words.code(code)), n=n, things=things)


def lateness(result: CheckResult, words: Words) -> Chart:
    """How far over the limit violations were, by span; where they are few, the clock of each of them."""
    late = [f for f in result.findings(outcome="violation") if f.amount is not None and f.amount > 0]
    if 0 < len(late) <= _FEW and (each := clocks(result, words)).rows:
        return each
    hours = sorted((f.amount or 0) * (1 if f.unit == "hours" else _DAY) for f in late)
    counts = dict.fromkeys(words.labels["charts"]["lateness"]["bins"], 0)
    for h in hours:
        counts[list(counts)[bisect_right(_BINS, h)]] += 1
    used = [i for i, name in enumerate(counts) if counts[name]]
    names = list(counts)[used[0] : used[-1] + 1] if used else []
    rows = [{"label": name, "n": counts[name], "text": words.integer(counts[name])} for name in names]
    title = _over(hours, result, words)
    chosen, opacity = choice("label")
    axis = alt.Axis(labelAngle=0, ticks=False, labelPadding=6)
    base = table().encode(
        x=alt.X("label:N", sort=None, title=words.say("charts.head.over"), axis=axis),
        tooltip=tips({"label": words.say("charts.head.over_by"), "text": words.say("charts.head.violation")}),
    )
    y = alt.Y(
        "n:Q",
        scale=alt.Scale(domain=[0, _most(rows, "n") * (1.1 if len(rows) > _SHORT else 1.25)], nice=False),
        title=words.say("charts.head.late", units=sentences.unit(words, result.unit)),
        axis=alt.Axis(labels=False, ticks=False, domain=False, grid=False),
    )
    bars = base.mark_bar(size=44, color=palette.ACCENT).encode(y=y, opacity=opacity).add_params(chosen)
    numbers = base.mark_text(dy=-8, fontWeight=600).encode(y=y, text="text:N")
    chart = alt.layer(bars, numbers).properties(width=FULL - 30, height=150 if len(rows) > _SHORT else 90)
    said = ", ".join(f"{r['label']} {r['text']}" for r in rows)
    return finish(chart, rows, title, words.say("charts.said.columns", said=said))


def _over(hours: list[float], result: CheckResult, words: Words) -> str:
    """How far over half of them were at the most, and the longest."""
    if not hours:
        return words.say("charts.lateness.none")
    middle, longest = (sentences.amount(words, h, "hours") for h in (hours[(len(hours) - 1) // 2], hours[-1]))
    if len(hours) == 1:
        return words.say("charts.lateness.one", unit=sentences.unit(words, result.unit, 1), longest=longest)
    units = sentences.unit(words, result.unit)
    return words.say("charts.lateness.half", n=len(hours), units=units, middle=middle, longest=longest)


def label(dim: str, value: str | None, words: Words) -> str:
    """What a value of a dimension is called; items of no client are the organisation's own."""
    if value is None:
        return words.say(f"charts.by.{_WITHOUT.get(dim, 'not_recorded')}")
    if dim == "month":
        return sentences.sentence_case(words.month(value))
    return value if dim == "client_id" else sentences.sentence_case(words.code(value))


def _where(worst: Rows, dim: str, words: Words) -> str:
    """Where most violations are, told against all of them."""
    total = sum(r["violation"] for r in worst)
    if not total:
        left = sum(r["undetermined"] for r in worst)
        return words.say(f"charts.by.{'good_open' if left else 'good'}", dim=dim, n=left)
    first, things = worst[0], sentences.count(words, total, "violation")
    if is_hidden(total):
        return words.say("charts.by.hidden", things=sentences.sentence_case(things), dim=dim)
    told = {"label": first["label"], "dim": dim, "things": things, "n": first["violation"]}
    if len(worst) == 1:
        return words.say("charts.by.only", **told)
    even = worst[1]["violation"] == first["violation"]
    return words.say(f"charts.by.{'even' if even else 'most'}", **told)


def _rest(rows: Rows, words: Words) -> dict[str, Any]:
    """Many rows as one."""
    total: dict[str, Any] = {k: sum(r[k] for r in rows) for k in ("population", "compliant", *OPEN)}
    decided = total["compliant"] + total["violation"] + total["waived"]
    return total | {
        "rate": total["compliant"] / decided if decided else None,
        "label": words.say("charts.by.others", n=len(rows)),
    }


def _most(rows: Rows, field: str) -> float:
    return max((r[field] for r in rows), default=0) or 1
