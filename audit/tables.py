"""The tables that notebooks and reports show, as blocks made of results."""

from __future__ import annotations

from collections.abc import Iterable
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

_COUNTS: Columns = {"population": ("Judged", "integer")}
_COUNTS |= {o: ("Violations" if o == "violation" else o.capitalize(), "integer") for o in OUTCOMES}
_COUNTS |= {"rate": ("Kept", "percent")}


def table(caption: Text, columns: Columns, rows: Iterable[list[Any]], **more: Any) -> Block:
    """A table's block; ``more`` as the report knows it: note, total_rows, size, total."""
    heads = [{"key": key, "label": label, "kind": kind} for key, (label, kind) in columns.items()]
    return {"kind": "table", "caption": caption, "columns": heads, "rows": list(rows), **more}


def checks(results: Results) -> Block:
    """Every check with its counts."""
    rows = [
        [sentences.name(c.check), c.population, *(c.count(o) for o in OUTCOMES), c.rate]
        if c.evaluated
        else [sentences.name(c.check), {"status": "not_evaluated"}, *[None] * 6]
        for c in results
    ]
    return table("Every check of the period", {"check": ("Check", "text")} | _COUNTS, rows)


def first_things(results: Results, words: Words) -> Block:
    """The checks with violations, the gravest and lowest first: the commonest reason, and what to type."""
    grave = ("critical", "high", "medium", "low")
    bad = sorted((c for c in results if c.violation), key=lambda c: (grave.index(c.severity), c.rate or 0, c.check))
    columns = {
        "check": ("Check", "text"),
        "severity": ("Severity", "text"),
        "n": ("Violations", "integer"),
        "reason": ("Mostly because", "text"),
        "type": ("To see the rows behind the worst", "mono"),
    }
    rows = []
    for c in bad:
        reason, n = next(iter((c.shown_reasons or {}).get("violation", {}).items()), (None, None))
        why = None if n is None or is_hidden(n) else f"{sentences.reason(reason)} ({words.integer(n)})"
        show = f"audit evidence {c.findings(limit=1, outcome='violation')[0].finding_id}" if c.lists_items else None
        rows.append([sentences.name(c.check), c.severity, c.violation, why, show])
    return table("Where to begin", columns, rows)


def by(result: CheckResult, dim: str, label: str) -> Block:
    """A check's counts for each value of a dimension."""
    told = (lambda v: v) if dim == "client_id" else sentences.reason
    rows = [[told(r[dim]) if r[dim] else "not recorded", *(r[key] for key in _COUNTS)] for r in result.by(dim)]
    return table(f"{result.title}, by {label.lower()}", {dim: (label, "text")} | _COUNTS, rows)


def findings(caption: Text, found: list[Finding], words: Words, catalog: dict[str, Check], **more: Any) -> Block:
    """Findings: the item, why, how far over, and the file and line of its row."""
    columns = {
        "item": ("Item", "mono"),
        "outcome": ("Outcome", "status"),
        "reason": ("Why", "text"),
        "due": ("Limit", "text"),
        "over": ("Over by", "text"),
        "source": ("Where", "mono"),
    }
    rows = [_finding(f, words, catalog.get(f.check)) for f in found]
    shown = [i for i, key in enumerate(columns) if key not in ("due", "over") or any(row[i] for row in rows)]
    kept = {key: column for i, (key, column) in enumerate(columns.items()) if i in shown}
    return table(caption, kept, [[row[i] for i in shown] for row in rows], **more)


def _finding(f: Finding, words: Words, check: Check | None) -> list[Any]:
    over = None if f.amount is None else sentences.amount(words, f.amount, f.unit)
    where = f"{_stem(f.source_file)}:{f.source_line}" if f.source_file else None
    said = check.reason_text(f.outcome, f.reason) if check else sentences.sentence_case(sentences.reason(f.reason))
    return [f.item_key, f.outcome, " ".join(filter(None, (said, f.detail))), _limit(f, words), over, where]


def _stem(path: str) -> str:
    """A file's name without its endings; findings.csv and the manifest have them whole."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


def _limit(f: Finding, words: Words) -> str | None:
    """A due date or a due instant."""
    if f.due_at is None:
        return None
    return words.day(f.due_at) if len(f.due_at) == len("2026-07-01") else words.instant(f.due_at)


def matrix(results: Results, words: Words) -> Block:
    """Every promise of the policy with its result and evidence."""
    rows = [_promise(c, results, words) for c in results.commitments]
    return {"kind": "matrix", "caption": "What the policy promises, and what the data shows", "rows": rows}


def _promise(c: Commitment, results: Results, words: Words) -> Block:
    evidence = [
        {
            "check": e["check"],
            "status": sentences.evidence_status(results, e),
            "text": sentences.evidence_text(words, results, e),
        }
        for e in c.evidence
    ]
    about = {"id": c.id, "section": c.section, "promise": c.promise, "gdpr": c.gdpr}
    return (
        about
        | {"status": sentences.commitment_status(results, c), "evidence": evidence}
        | {"result": sentences.commitment_result(words, results, c)}
    )


def coverage(results: Results, *, silent: bool = False) -> Block:
    """Each source, or only those that were silent for too long: rows, days covered and longest silence."""
    columns = {
        "table": ("Source", "text"),
        "system": ("System", "text"),
        "rows": ("Rows", "integer"),
        "first": ("First", "day"),
        "last": ("Last", "day"),
        "silent": ("Days without", "integer"),
        "longest": ("Longest silence, days", "integer"),
        "outcome": ("Carries the period", "status"),
    }
    rows = []
    for c in sentences.silent(results.coverage) if silent else results.coverage:
        days = [_iso(c.first_on), _iso(c.last_on), c.silent_days, c.longest_silence]
        system = sentences.reason(c.system_id) if c.system_id else None
        rows.append([sentences.unit(c.table), system, c.rows, *days, c.outcome])
    caption = "The sources that were silent for too long" if silent else "The sources and the days they cover"
    return table(caption, columns, rows, size="small")


def files(results: Results) -> Block:
    """Each table's files, and what became of their rows."""
    columns = {"table": ("Table", "text"), "files": ("Files", "integer"), "read": ("Rows read", "integer")}
    fates = ["accepted", "duplicate", "rejected", *["replaced"] * any(f.replaced for f in results.files)]
    columns |= {k: (k.capitalize(), "integer") for k in fates}
    sums: dict[str, list[int]] = {}
    for f in results.files:
        row = sums.setdefault(f.table, [0] * (2 + len(fates)))
        more = [1, f.read, *(getattr(f, fate) for fate in fates)]
        sums[f.table] = [a + b for a, b in zip(row, more, strict=True)]
    rows: list[list[Any]] = [[name.replace("_", " "), *sums[name]] for name in sorted(sums)]
    if rows:
        rows.append(["All", *(sum(column) for column in zip(*sums.values(), strict=True))])
    return table("What was loaded", columns, rows, total=bool(rows), size="small")


def law(results: Results, words: Words) -> Block:
    """The values of the law that the checks used, each with its unit, its dates and its source."""
    columns = {
        "name": ("Limit", "text"),
        "value": ("Value", "text"),
        "valid_from": ("In force from", "day"),
        "valid_to": ("Until", "day"),
        "source": ("Source", "text"),
    }
    rows = [
        [
            sentences.sentence_case(sentences.reason(v["name"])),
            sentences.count(words, v["value"], v["unit"].removesuffix("s")),
            *(_iso(v[key]) for key in ("valid_from", "valid_to")),
            v["source"],
        ]
        for v in results.law
    ]
    return table("Values of the law", columns, rows)


def key_figures(results: Results, words: Words) -> list[Block]:
    """The figures that matter, for a row of them."""
    asked = sentences.promises(results)
    held = sum(sentences.commitment_status(results, c) != "not_evidenced" for c in results.commitments)
    read = sum(f.read for f in results.files)
    figures = (
        ("Checks evaluated", sum(c.evaluated for c in asked), f"of {words.integer(len(asked))}"),
        ("Violations", sum(c.violation for c in asked), "in all checks"),
        ("Promises with evidence", held, f"of {words.integer(len(results.commitments))}"),
        ("Rows refused", sum(results.rejected_rows.values()), f"of {words.integer(read)} read"),
    )
    return [{"label": label, "value": value, "kind": "integer", "note": note} for label, value, note in figures]


def cover_facts(results: Results, words: Words) -> list[list[str]]:
    """Whom and what the report is about, for the cover: label and text."""
    who = results.identity
    if not who:
        return []
    policy = sentences.sentence_case(sentences.reason(who["policy_document"]))
    return [
        [words.say("cover.organisation"), f"{results.organisation}, {who['registration_number']}"],
        [words.say("cover.policy"), words.say("cover.version", policy=policy, version=who["policy_version"])],
        [words.say("cover.authority"), who["supervisory_authority"]],
    ]


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
