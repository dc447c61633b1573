"""The tables that notebooks and reports show, as blocks made of results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit import sentences
from audit.blocks import Block
from audit.catalog import Check
from audit.hidden import is_hidden
from audit.policy import Commitment
from audit.results import OUTCOMES, CheckResult, Finding, Results
from audit.sentences import Text
from audit.words import Words

Columns = dict[str, tuple[str, str]]
"""Key -> the column's label and the kind of its values: text, integer, decimal, percent, day, instant, status, mono."""

_COUNTS = dict.fromkeys(("population", *OUTCOMES), "integer") | {"rate": "percent"}


def heads(words: Words, about: str, kinds: dict[str, str]) -> Columns:
    """Columns by key and kind, their labels from the catalogue's `tables`, under what the table is about."""
    return {key: (words.say(f"tables.{about}.{key}"), kind) for key, kind in kinds.items()}


def table(caption: Text, columns: Columns, rows: Iterable[list[Any]], **more: Any) -> Block:
    """A table's block; ``more`` as the report knows it: note, total_rows, size, total."""
    heads = [{"key": key, "label": label, "kind": kind} for key, (label, kind) in columns.items()]
    return {"kind": "table", "caption": caption, "columns": heads, "rows": list(rows), **more}


def checks(results: Results, words: Words) -> Block:
    """Every check with its counts."""
    rows = [
        [sentences.name(words, c.check), c.population, *(c.count(o) for o in OUTCOMES), c.rate]
        if c.evaluated
        else [sentences.name(words, c.check), {"status": "not_evaluated"}, *[None] * 6]
        for c in results
    ]
    return table(words.say("tables.checks.caption"), heads(words, "checks", {"check": "text"} | _COUNTS), rows)


def first_things(results: Results, words: Words) -> Block:
    """The checks with violations, the gravest and lowest first: the commonest reason, and what to type."""
    grave = ("critical", "high", "medium", "low")
    bad = sorted((c for c in results if c.violation), key=lambda c: (grave.index(c.severity), c.rate or 0, c.check))
    kinds = {"check": "text", "severity": "text", "n": "integer", "reason": "text", "type": "mono"}
    rows = []
    for c in bad:
        why = _mostly((c.shown_reasons or {}).get("violation", {}), words)
        show = f"audit evidence {c.findings(limit=1, outcome='violation')[0].finding_id}" if c.lists_items else None
        severity = words.say(f"tables.severity.{c.severity}")
        rows.append([sentences.name(words, c.check), severity, c.violation, why, show])
    return table(words.say("tables.first.caption"), heads(words, "first", kinds), rows)


def _mostly(reasons: Mapping[str, int], words: Words) -> str | None:
    """The commonest reason and its count, or how many are the commonest alike; None where that is hidden."""
    reason, n = next(iter(reasons.items()), (None, None))
    if n is None or is_hidden(n):
        return None
    if (k := sentences.leading(reasons)) > 1:
        return words.say("tables.first.tied", n=n, k=k)
    return f"{sentences.reason(words, reason)} ({words.integer(n)})"


def by(result: CheckResult, dim: str, label: str, words: Words, title: str) -> Block:
    """A check's counts for each value of a dimension."""
    told = (lambda v: v) if dim == "client_id" else words.code
    none = words.say("tables.not_recorded")
    rows = [[told(r[dim]) if r[dim] else none, *(r[key] for key in _COUNTS)] for r in result.by(dim)]
    caption = words.say("tables.by", title=title, dim=label.lower())
    return table(caption, {dim: (label, "text")} | heads(words, "checks", _COUNTS), rows)


def findings(caption: Text, found: list[Finding], words: Words, catalog: Mapping[str, Check], **more: Any) -> Block:
    """Findings: the item, why, how far over, and the file and line of its row."""
    kinds = dict.fromkeys(("item", "outcome", "reason", "due", "over", "source"), "text")
    columns = heads(words, "findings", kinds | {"item": "mono", "outcome": "status", "source": "mono"})
    rows = [_finding(f, words, catalog.get(f.check)) for f in found]
    shown = [i for i, key in enumerate(columns) if key not in ("due", "over") or any(row[i] for row in rows)]
    kept = {key: column for i, (key, column) in enumerate(columns.items()) if i in shown}
    return table(caption, kept, [[row[i] for i in shown] for row in rows], **more)


def _finding(f: Finding, words: Words, check: Check | None) -> list[Any]:
    over = None if f.amount is None else sentences.amount(words, f.amount, f.unit)
    where = f"{_stem(f.source_file)}:{f.source_line}" if f.source_file else None
    text = check.texts_in(words.language) if check else None
    said = text.reason(f.outcome, f.reason) if text else sentences.sentence_case(sentences.reason(words, f.reason))
    detail = text.detail(f.detail, words) if text else f.detail
    return [f.item_key, f.outcome, " ".join(filter(None, (said, detail))), _limit(f, words), over, where]


def _stem(path: str) -> str:
    """A file's name without its endings; findings.csv and the manifest have them whole."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


def _limit(f: Finding, words: Words) -> str | None:
    """A due date or a due instant."""
    if f.due_at is None:
        return None
    return words.day(f.due_at) if len(f.due_at) == len("2026-07-01") else words.instant(f.due_at)


def matrix(results: Results, words: Words, *, only_run: bool = False) -> Block:
    """Every promise of the policy with its result and evidence, or those alone of which every check was run."""
    told = (c for c in results.commitments if not only_run or all(e["check"] in results.checks for e in c.evidence))
    rows = [_promise(c, results, words) for c in told]
    return {"kind": "matrix", "caption": words.say("tables.matrix.caption"), "rows": rows}


def _promise(c: Commitment, results: Results, words: Words) -> Block:
    evidence = [
        {
            "check": e["check"],
            "status": sentences.evidence_status(results, e),
            "text": sentences.evidence_text(words, results, e),
        }
        for e in c.evidence
    ]
    promise = (c.promise_sv or c.promise) if words.language == "sv" else c.promise
    about = {"id": c.id, "section": words.phrase(c.section), "promise": promise, "gdpr": words.article(c.gdpr)}
    return (
        about
        | {"status": sentences.commitment_status(results, c), "evidence": evidence}
        | {"result": sentences.commitment_result(words, results, c)}
    )


def coverage(results: Results, words: Words, *, silent: bool = False) -> Block:
    """Each source, or only those that were silent for too long: rows, days covered and longest silence."""
    kinds = {"table": "text", "system": "text", "rows": "integer", "first": "day", "last": "day"}
    kinds |= {"silent": "integer", "longest": "integer", "outcome": "status"}
    rows = []
    for c in sentences.silent(results.coverage) if silent else results.coverage:
        days = [_iso(c.first_on), _iso(c.last_on), c.silent_days, c.longest_silence]
        system = words.code(c.system_id) if c.system_id else None
        rows.append([sentences.unit(words, c.table), system, c.rows, *days, c.outcome])
    caption = words.say(f"tables.coverage.{'silent_' if silent else ''}caption")
    return table(caption, heads(words, "coverage", kinds), rows, size="small")


def files(results: Results, words: Words) -> Block:
    """Each table's files, and what became of their rows."""
    fates = ["accepted", "duplicate", "rejected", *["replaced"] * any(f.replaced for f in results.files)]
    kinds = {"table": "text"} | dict.fromkeys(("files", "read", *fates), "integer")
    sums: dict[str, list[int]] = {}
    for f in results.files:
        row = sums.setdefault(f.table, [0] * (2 + len(fates)))
        more = [1, f.read, *(getattr(f, fate) for fate in fates)]
        sums[f.table] = [a + b for a, b in zip(row, more, strict=True)]
    rows: list[list[Any]] = [[sentences.table(words, name), *sums[name]] for name in sorted(sums)]
    if rows:
        rows.append([words.say("tables.all"), *(sum(column) for column in zip(*sums.values(), strict=True))])
    caption = words.say("tables.files.caption")
    return table(caption, heads(words, "files", kinds), rows, total=bool(rows), size="small")


def law(results: Results, words: Words) -> Block:
    """The values of the law that the checks used, each with its unit, its dates and its source."""
    kinds = {"name": "text", "value": "text", "valid_from": "day", "valid_to": "day", "source": "text"}
    rows = [
        [
            sentences.sentence_case(words.code(v["name"])),
            sentences.count(words, v["value"], v["unit"]),
            *(_iso(v[key]) for key in ("valid_from", "valid_to")),
            words.article(words.phrase(v["source"])),
        ]
        for v in results.law
    ]
    return table(words.say("tables.law.caption"), heads(words, "law", kinds), rows)


def decisions(results: Results, words: Words) -> Block:
    """The adequacy decisions that carry a transfer to a registered recipient, each with its dates and its source."""
    kinds = {"country": "text", "name": "text", "valid_from": "day", "valid_to": "day", "source": "text"}
    rows = [
        [
            words.country(d["country"]),
            words.phrase(d["name"]),
            *(_iso(d[key]) for key in ("valid_from", "valid_to")),
            words.phrase(d["source"]),
        ]
        for d in results.decisions
    ]
    return table(words.say("tables.decisions.caption"), heads(words, "decisions", kinds), rows, size="small")


def key_figures(results: Results, words: Words) -> list[Block]:
    """The figures that matter, for a row of them."""
    asked = sentences.promises(results)
    held = sum(sentences.commitment_status(results, c) != "not_evidenced" for c in results.commitments)
    read = sum(f.read for f in results.files)
    of, of_read = (f"tables.figures.{key}" for key in ("of", "of_read"))
    figures = (
        ("checks", sum(c.evaluated for c in asked), words.say(of, n=len(asked))),
        ("violations", sum(c.violation for c in asked), words.say("tables.figures.all_checks")),
        ("promises", held, words.say(of, n=len(results.commitments))),
        ("refused", sum(results.rejected_rows.values()), words.say(of_read, n=read)),
    )
    return [
        {"label": words.say(f"tables.figures.{key}"), "value": value, "kind": "integer", "note": note}
        for key, value, note in figures
    ]


def cover_facts(results: Results, words: Words) -> list[list[str]]:
    """Whom and what the report is about, for the cover: label and text."""
    who = results.identity
    if not who:
        return []
    policy = sentences.sentence_case(words.code(who["policy_document"]))
    return [
        [words.say("cover.organisation"), f"{results.organisation}, {who['registration_number']}"],
        [words.say("cover.policy"), words.say("cover.version", policy=policy, version=who["policy_version"])],
        [words.say("cover.authority"), who["supervisory_authority"]],
    ]


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
