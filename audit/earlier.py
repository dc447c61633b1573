"""What a comparison says: sentences and tables over two periods, and over a report held against today."""

from __future__ import annotations

from typing import Any

from audit import sentences
from audit.blocks import Block
from audit.comparison import CheckChange, Comparison, Restatement
from audit.hidden import is_hidden
from audit.results import CheckResult, Results
from audit.sentences import Text
from audit.tables import table
from audit.words import Words

_FLOWS = ("new", "still_open", "resolved", "past")


def restated(words: Words, restatement: Restatement | None, period: str, *, with_counts: bool) -> Text:
    """Whether the last report of the other period would say the same today; the counts only where wanted."""
    if restatement is None:
        return words.say("earlier.restated.none", period=period)
    told = {"period": period, "as_of": words.long_instant(restatement.as_of)}
    if not restatement.checks:
        return words.runs("earlier.restated.same", **told)
    text = words.runs("earlier.restated.moved", n=len(restatement.checks), **told)
    late, replaced = (sum(getattr(a, name) for a in restatement.arrivals) for name in ("rows", "replaced"))
    for key, n in (("late", late), ("replaced", replaced)):
        text += [" ", words.say(f"earlier.restated.{key}", n=n)] * (with_counts and n > 0)
    if restatement.rules:
        names = dict.fromkeys(_rule(words, kind, name) for kind, name in restatement.rules)
        text += [" ", words.say("earlier.restated.rules", names=sentences.listed(words, list(names)))]
    return [*text, " ", words.say(f"earlier.restated.{'compared' if with_counts else 'external'}")]


def _rule(words: Words, kind: str, name: str) -> str:
    return words.say(f"earlier.restated.{kind}", name=words.code(name) if kind == "check" else name)


def restated_figures(words: Words, restatement: Restatement) -> Block:
    """Each check that moved: as reported, and today."""
    kinds = {"check": "text"}
    for when in ("_then", ""):
        kinds |= {f"rate{when}": "percent", f"decided{when}": "integer", f"violation{when}": "integer"}
    rows = [[sentences.name(words, c.now.check), *(_figures(c.before)), *(_figures(c.now))] for c in restatement.checks]
    caption = words.say("earlier.figures.caption", period=restatement.period)
    return table(caption, _heads(words, "figures", kinds), rows)


def _figures(result: CheckResult) -> list[Any]:
    return [result.rate, result.decided, result.violation]


def restated_moves(words: Words, restatement: Restatement) -> Block | None:
    """The findings that came, went or changed, by cause; None where only figures moved."""
    kinds = dict.fromkeys(("check", "was", "is", "reason", "because"), "text") | {"file": "mono", "items": "integer"}
    rows = [
        [
            sentences.name(words, c.now.check),
            _outcome(words, m.before),
            _outcome(words, m.now),
            sentences.reason(words, m.reason),
            words.say(f"earlier.because.{m.cause}"),
            m.file,
            m.items,
        ]
        for c in restatement.checks
        for m in c.moved
    ]
    caption = words.say("earlier.moves.caption", period=restatement.period)
    return table(caption, _heads(words, "moves", kinds), rows, size="small") if rows else None


def _outcome(words: Words, outcome: str | None) -> str:
    return words.say(f"status.{outcome}") if outcome else words.say("earlier.no_finding")


def since(words: Words, change: CheckChange, before: Results, *, with_counts: bool) -> Text:
    """One check beside the other period: the change of its rate with both denominators, and its flows."""
    text = _rates(words, change, before.period)
    if not (with_counts and change.persists and change.flows):
        return text
    text += [" ", *words.runs("earlier.since.new", n=change.total("new")), "; "]
    days = [item.since[:10] for item in change.oldest if item.since]
    n = change.total("still_open")
    text.append(
        words.say("earlier.since.oldest", n=n, day=words.long_day(min(days)))
        if n and days
        else words.say("earlier.since.open", n=n)
    )
    gone = {name: change.total(name) for name in ("resolved", "past")}
    return [*text, " ", words.say("earlier.since.gone", period=before.period, **gone)] if any(gone.values()) else text


def _rates(words: Words, change: CheckChange, period: str) -> list[Any]:
    """How the rate changed, in words."""
    now, was = change.now, change.before
    if is_hidden(now.rate) or is_hidden(was.rate) or is_hidden(now.decided) or is_hidden(was.decided):
        return [words.say("earlier.since.hidden", period=period)]
    told = {"decided_before": was.decided, "decided": now.decided, "period": period}
    if was.rate is None:
        return [words.say("earlier.since.none_before", period=period)]
    before = words.percent(was.rate)
    if now.rate is None:
        return [words.say("earlier.since.none_now", before=before, **told)]
    points = points_of(words, change.points)
    if now.rate == was.rate:
        return words.runs("earlier.since.same", **told)
    return words.runs("earlier.since.points", points=points, before=before, rate=words.percent(now.rate), **told)


def points_of(words: Words, points: float | None) -> str | None:
    """Percentage points with their sign: `−21.9`, `+0.3`."""
    if points is None:
        return None
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return sign + words.decimal(abs(points), 1)


def overview(words: Words, comparison: Comparison, *, with_counts: bool) -> Block:
    """Every check in both periods."""
    kinds = {"check": "text", "rate_before": "percent", "decided_before": "integer", "rate": "percent"}
    kinds |= {"decided": "integer", "points": "text"} | (dict.fromkeys(_FLOWS, "integer") if with_counts else {})
    rows = [_row(words, change, with_counts=with_counts) for change in comparison]
    columns = [
        {"key": key, "label": label, "kind": kind, **({"align": "right"} if key == "points" else {})}
        for key, (label, kind) in _heads(words, "all", kinds).items()
    ]
    note = words.say("earlier.all.note") if with_counts else None
    caption = words.say("earlier.all.caption", period=comparison.before.period)
    return table(caption, {}, rows, note=note) | {"columns": columns}


def _row(words: Words, change: CheckChange, *, with_counts: bool) -> list[Any]:
    now, was = change.now, change.before
    are_hidden = is_hidden(now.rate) or is_hidden(was.rate)
    row = [sentences.name(words, now.check), was.rate, was.decided, now.rate, now.decided]
    row.append(None if are_hidden else points_of(words, change.points))
    return row + [change.total(name) if change.persists else None for name in _FLOWS] * with_counts


def _heads(words: Words, about: str, kinds: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {key: (words.say(f"earlier.{about}.{key}"), kind) for key, kind in kinds.items()}
