"""The chart forms: each takes results, finds what they say, and draws that.

Numbers arrive formatted, as the reader of the language writes them; forms never see a connection.
"""

from __future__ import annotations

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

_DIMS = {
    "month": "month",
    "client_id": "client",
    "system_id": "system",
    "purpose": "purpose",
    "kind": "kind",
    "role": "role",
}
_DAY = 24.0
_FEW = 5
_SHORT = 3  # so few columns need little height
_BINS = (
    (1, "under 1 h"),
    (6, "1–6 h"),
    (_DAY, "6–24 h"),
    (3 * _DAY, "1–3 days"),
    (7 * _DAY, "3–7 days"),
    (30 * _DAY, "7–30 days"),
    (90 * _DAY, "30–90 days"),
    (365 * _DAY, "90–365 days"),
    (float("inf"), "over 365 days"),
)


def overview(results: Results, words: Words) -> Chart:
    """Every check's rate and what stands beside it, the lowest rate first."""
    rows: Rows = [
        {"label": sentences.name(c.check), "population": c.population, "rate": c.rate} | {o: c.count(o) for o in OPEN}
        for c in sentences.promises(results)
        if c.evaluated
    ]
    rows.sort(key=lambda r: (r["rate"] is None, r["rate"] or 0, r["label"]))
    bad = sum(r["violation"] > 0 for r in rows)
    checks = sentences.count(words, len(rows), "check")
    title = f"{words.integer(bad)} of {checks} found violations" if bad else f"No violation found by {checks}"
    title = title if any(r["rate"] is not None for r in rows) else "No check had anything it could decide"
    return outcome_rows(rows, title, "Judged", words)


def by(result: CheckResult, dim: str, words: Words, *, top: int = 8, without: str = "Not recorded") -> Chart:
    """The rate and what stands beside it for each month, client_id, system_id, purpose, kind or role.

    Months come in order; else the most violations first, and what is beyond ``top`` rows in one.

    Args:
        result: one check's.
        dim: month, client_id, system_id, purpose, kind or role.
        words: the reader's language.
        top: how many rows at the most.
        without: names the row of items that carry no value of the dimension.
    """
    rows = [r | {"label": _label(dim, r[dim], words, without)} for r in result.by(dim)]
    worst = sorted(rows, key=lambda r: (-r["violation"], -r["undetermined"], -r["population"], r["label"]))
    title = _where(worst, _DIMS[dim], words)
    if dim != "month":
        rows = worst if len(worst) <= top else [*worst[: top - 1], _rest(worst[top - 1 :], words)]
    return outcome_rows(rows, title, sentences.unit(result.unit).capitalize(), words)


def by_month(result: CheckResult, words: Words) -> Chart:
    """:func:`by` month."""
    return by(result, "month", words)


def by_client(result: CheckResult, words: Words) -> Chart:
    """:func:`by` client; without one it is the organisation's own data."""
    return by(result, "client_id", words, without="Own data")


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
            "label": sentences.reason(code),
            "outcome": outcome,
            "n": drawn(n),
            "text": f"{words.integer(n)} of {words.integer(result.count(outcome))}",
        }
        for outcome in ("violation", "waived", "undetermined")
        for code, n in result.reasons.get(outcome, {}).items()
    ]
    title = "No reason to report: nothing is a violation, waived or undetermined"
    if rows:
        lead, n = rows[0], sentences.count(words, result.count(rows[0]["outcome"]), *_nouns(rows[0]["outcome"]))
        title = f"“{lead['label'].capitalize()}” is the reason of {words.integer(lead['n'])} of {n}"
        hidden = any(is_hidden(n) for n in result.reasons[lead["outcome"]].values())
        title = f"{n[:1].upper()}{n[1:]}, by reason" if hidden else title
    chosen, opacity = choice("key")
    base = lines({"label": "Reason", "outcome": "Outcome", "text": "Count"}, "key")
    x = alt.X(
        "n:Q",
        scale=alt.Scale(domain=[0, _most(rows, "n")], nice=False),
        axis=header(f"{sentences.unit(result.unit).capitalize()}, of all with that outcome"),
    )
    bars = base.mark_bar(height=12).encode(x=x, color=_outcome_colour(), opacity=opacity)
    numbers = base.mark_text(align="left", dx=5).encode(x=x, text="text:N")
    chart = alt.hconcat(
        text_column(base, "outcome", "Outcome", 90).add_params(chosen),
        text_column(base, "label", "Reason", 180),
        alt.layer(bars, numbers).properties(
            width=FULL - 90 - 180 - 2 * 12 - max([7 * len(r["text"]) for r in rows], default=0)
        ),
        spacing=12,
    )
    said = "; ".join(f"{r['outcome']}, {r['label']}: {r['text']}" for r in rows)
    return finish(chart, rows, title, f"A bar each: {said or 'none'}.")


def lateness(result: CheckResult, words: Words) -> Chart:
    """How far over the limit violations were, by span; where they are few, the clock of each of them."""
    late = [f for f in result.findings(outcome="violation") if f.amount is not None and f.amount > 0]
    if 0 < len(late) <= _FEW and (each := clocks(result, words)).rows:
        return each
    hours = sorted((f.amount or 0) * (1 if f.unit == "hours" else _DAY) for f in late)
    counts = dict.fromkeys((name for _, name in _BINS), 0)
    for h in hours:
        counts[next(name for top, name in _BINS if h < top or top == float("inf"))] += 1
    used = [i for i, name in enumerate(counts) if counts[name]]
    names = list(counts)[used[0] : used[-1] + 1] if used else []
    rows = [{"label": name, "n": counts[name], "text": words.integer(counts[name])} for name in names]
    title = "No violation is over a limit"
    if hours:
        middle, longest = (sentences.amount(words, h, "hours") for h in (hours[(len(hours) - 1) // 2], hours[-1]))
        things = f"{words.integer(len(hours))} late {sentences.unit(result.unit, len(hours))}"
        title = f"Half of the {things} were over by {middle} or less; the longest by {longest}"
        title = f"The one late {sentences.unit(result.unit, 1)} was over by {longest}" if len(hours) == 1 else title
    chosen, opacity = choice("label")
    base = table().encode(
        x=alt.X(
            "label:N", sort=None, title="Over the limit by", axis=alt.Axis(labelAngle=0, ticks=False, labelPadding=6)
        ),
        tooltip=tips({"label": "Over by", "text": "Violations"}),
    )
    y = alt.Y(
        "n:Q",
        scale=alt.Scale(domain=[0, _most(rows, "n") * (1.1 if len(rows) > _SHORT else 1.25)], nice=False),
        title=f"Late {sentences.unit(result.unit)}",
        axis=alt.Axis(labels=False, ticks=False, domain=False, grid=False),
    )
    bars = base.mark_bar(size=44, color=palette.ACCENT).encode(y=y, opacity=opacity).add_params(chosen)
    numbers = base.mark_text(dy=-8, fontWeight=600).encode(y=y, text="text:N")
    chart = alt.layer(bars, numbers).properties(width=FULL - 30, height=150 if len(rows) > _SHORT else 90)
    said = ", ".join(f"{r['label']} {r['text']}" for r in rows)
    return finish(chart, rows, title, f"Columns by span: {said}.")


def _label(dim: str, value: str | None, words: Words, without: str) -> str:
    if value is None:
        return without
    if dim == "month":
        return sentences.month(words, value)
    return value if dim == "client_id" else sentences.sentence_case(sentences.reason(value))


def _where(worst: Rows, dim: str, words: Words) -> str:
    """Where most violations are, told against all of them."""
    total = sum(r["violation"] for r in worst)
    if not total:
        left = sum(r["undetermined"] for r in worst)
        return f"No violation in any {dim}" + (f"; {words.integer(left)} undetermined" if left else "")
    first, of = worst[0], sentences.count(words, total, "violation")
    if is_hidden(total):
        return f"{of[:1].upper()}{of[1:]}, by {dim}"
    if len(worst) == 1:
        return f"{first['label']} is the only {dim}, with {of}"
    if worst[1]["violation"] == first["violation"]:
        return f"No one {dim} stands out among {of}; {first['label']} has {words.integer(first['violation'])}"
    return f"{first['label']} has the most: {words.integer(first['violation'])} of {of}"


def _rest(rows: Rows, words: Words) -> dict[str, Any]:
    """Many rows as one."""
    total: dict[str, Any] = {k: sum(r[k] for r in rows) for k in ("population", "compliant", *OPEN)}
    decided = total["compliant"] + total["violation"] + total["waived"]
    return total | {
        "rate": total["compliant"] / decided if decided else None,
        "label": f"{words.integer(len(rows))} others",
    }


def _nouns(outcome: str) -> tuple[str, str]:
    return ("violation", "violations") if outcome == "violation" else (outcome, outcome)


def _most(rows: Rows, field: str) -> float:
    return max((r[field] for r in rows), default=0) or 1


def _outcome_colour() -> alt.Color:
    names, colours = list(palette.OUTCOMES), list(palette.OUTCOMES.values())
    return alt.Color("outcome:N", scale=alt.Scale(domain=names, range=colours), legend=None)
