"""Beside the checks' tables: their counts and methods, the waivers, and what the policy's own text leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import takewhile
from typing import Any

from audit import markdown, remarks
from audit.blocks import Block
from audit.catalog import Check
from audit.checktexts import Texts
from audit.results import OUTCOMES, CheckResult, Observation, Results, Waiver
from audit.sentences import plain
from audit.tables import heads, table
from audit.words import Words


def counts(result: CheckResult, texts: Texts, words: Words) -> Block:
    """A check's rate with its denominator and all five counts."""
    about = {"check": result.check, "title": texts.title, "article": words.article(result.article)}
    about |= {"severity": result.severity, "unit": words.noun(result.unit)}
    found = {o: result.count(o) for o in OUTCOMES} | {"population": result.population, "rate": result.rate}
    data = {"evaluated": result.evaluated, "empty_tables": list(result.empty_tables)}
    return {"kind": "counts"} | about | data | found


def how_counted(texts: Texts, words: Words) -> list[Any]:
    """How a check counts: the paragraphs before the first list or table."""
    runs: list[Any] = [{"strong": words.say("method.how")}]
    for part in takewhile(lambda p: p["kind"] == "paragraph", markdown.parse(texts.how)):
        if text := _without_lead(part["text"]):
            runs += [" ", *text]
    return runs


def _without_lead(text: list[Any]) -> list[Any]:
    """A paragraph without its last sentence, where that leads to a list: `The first reason that holds counts:`."""
    if not plain(text).endswith(":"):
        return text
    ends = [n for n, run in enumerate(text) if isinstance(run, str) and ". " in run]
    return [*text[: ends[-1]], text[ends[-1]].rpartition(". ")[0] + "."] if ends else []


def method(check: Check, texts: Texts, words: Words) -> Block:
    """A check's page without its worked cases."""
    about = {"check": check.name, "title": texts.title, "question": texts.question, "severity": check.severity}
    about |= {"article": words.article(check.article), "unit": words.noun(check.unit)}
    return {"kind": "method", "markdown": texts.method} | about


def waivers(caption: str, held: Iterable[Waiver], words: Words) -> Block:
    """Waivers: what each is for and how much it covers, who granted it, from when until when, and why."""
    kinds = {"waiver": "mono", "what": "text", "items": "integer", "by": "text", "from": "day", "last": "day"}
    columns = heads(words, "waivers", kinds | {"why": "text"})
    rows = [
        [
            w.waiver_id,
            remarks.waived(words, w),
            w.items,
            w.granted_by,
            w.granted_on.isoformat(),
            (w.expires_on - timedelta(days=1)).isoformat(),  # the register's own end is the day after
            w.justification,
        ]
        for w in held
    ]
    told = [i for i, key in enumerate(columns) if key not in ("by", "why") or any(row[i] for row in rows)]
    kept = {key: column for i, (key, column) in enumerate(columns.items()) if i in told}
    return table(caption, kept, [[row[i] for i in told] for row in rows])


def statements(results: Results, words: Words) -> Block:
    """Where the policy's text falls short by its own sections, each with the section and how that is known."""
    kinds = {"id": "mono", "says": "text", "article": "text", "section": "text", "basis": "text"}
    found = results.transparency.statements if results.transparency else ()
    rows = [
        [s.id, words.phrase(s.statement), _articles(s.article, words), words.phrase(s.section), words.phrase(s.basis)]
        for s in found
    ]
    return table(words.say("tables.statements.caption"), heads(words, "statements", kinds), rows)


def observations(results: Results, words: Words) -> Block:
    """What the data of the period shows against the policy's text."""
    kinds = {"says": "text", "article": "text", "told": "text"}
    found = results.transparency.observations if results.transparency else ()
    told = [words.say(f"tables.observations.{'leaves_out' if o.rows else 'holds'}") for o in found]
    rows = [
        [remarks.observed(words, results, o), words.article(o.article), text]
        for o, text in zip(found, told, strict=True)
    ]
    return table(words.say("tables.observations.caption"), heads(words, "observations", kinds), rows)


# What is shown of each row, with its kind and what the catalogue calls it.
_SHOWN = {
    "recipients": {
        "name": ("recipient", "text"),
        "recipient_id": ("recipient_id", "mono"),
        "kind": ("kind", "text"),
        "country": ("country", "text"),
        "items": ("times", "integer"),
    },
    "countries": {
        "country": ("country", "text"),
        "recipients": ("recipients", "integer"),
        "items": ("times", "integer"),
    },
    "systems": {"name": ("system", "text"), "system_id": ("system_id", "mono"), "items": ("events", "integer")},
    "grounds": {
        "use": ("use", "text"),
        "legal_basis": ("legal_basis", "text"),
        "activities": ("activities", "integer"),
        "items": ("events", "integer"),
    },
    "retention": {
        "name": ("activity", "text"),
        "activity_id": ("activity_id", "mono"),
        "purpose": ("purpose", "text"),
    },
}


def observed(observation: Observation, words: Words, limit: int = 30) -> Block | None:
    """The rows behind an observation, where there are several to tell apart."""
    if observation.name not in _SHOWN or not observation.rows:
        return None
    shown = _SHOWN[observation.name]
    columns = {key: (words.say(f"tables.observed_columns.{label}"), kind) for key, (label, kind) in shown.items()}
    rows = [[_value(row[key], key, words) for key in columns] for row in observation.rows[:limit]]
    more = len(observation.rows) - len(rows)
    note = words.say("tables.more", n=more) if more else None
    return table(words.say(f"tables.observed.{observation.name}"), columns, rows, size="small", note=note)


def _value(value: Any, key: str, words: Words) -> Any:
    """A register's own value as words."""
    if value is None or key not in ("country", "use", "legal_basis", "kind", "purpose"):
        return value
    return words.country(value) if key == "country" else words.code(value)


def _articles(text: str, words: Words) -> list[Any]:
    """Articles, one a line."""
    first, *others = words.article(text).split(", ")
    return [first, *(run for article in others for run in (",", {"break": ""}, article))]
