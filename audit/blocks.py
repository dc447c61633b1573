"""The blocks a report is made of: their closed shapes, and their values written out in the report's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audit import markdown
from audit.cells import STATUSES, chip, text, tracks, written
from audit.errors import AuditError
from audit.results import OUTCOMES, rate
from audit.words import Words

MIME = "application/vnd.audit.block+json"

Block = dict[str, Any]

# kind -> keys that must be there, keys that may be
KEYS: dict[str, tuple[set[str], set[str]]] = {
    "cover": (
        {
            "organisation",
            "report",
            "period",
            "start",
            "end",
            "as_of",
            "zone",
            "scope",
            "edition",
            "language",
            "sentence",
        },
        {"subtitle", "figures", "facts", "brief"},
    ),
    "sentence": ({"text"}, set()),
    "figures": ({"items"}, set()),
    "counts": (
        {"check", "title", "article", "severity", "unit", "evaluated", "empty_tables", "population", "rate", *OUTCOMES},
        set(),
    ),
    "table": ({"caption", "columns", "rows"}, {"note", "total_rows", "size", "total"}),
    "chart": ({"title", "alt", "svg"}, {"caption", "source_note", "span"}),
    "note": ({"tone", "text"}, set()),
    "matrix": ({"caption", "rows"}, set()),
    "pagebreak": (set(), set()),
    "heading": ({"title"}, set()),
    "annex": ({"title"}, set()),
    "method": ({"check", "title", "question", "article", "severity", "unit", "markdown"}, set()),
    "glossary": ({"terms"}, set()),
    "closing": ({"not_claimed"}, set()),
}


def finish(block: Mapping[str, Any], words: Words) -> Block:
    """A display object's block as the template takes it: every value written out, every default filled in.

    Raises:
        AuditError: an unknown kind, a missing or unknown key, or a value of the wrong shape.
    """
    kind = block.get("kind")
    if kind not in KEYS:
        raise AuditError("not a kind of block", column="kind", expected=", ".join(KEYS))
    need, may = KEYS[kind]
    given = set(block) - {"kind"}
    for key in sorted(need - given):
        raise AuditError(f"the block {kind} lacks a key", column=key)
    for key in sorted(given - need - may):
        raise AuditError(f"the block {kind} has no such key", column=key, expected=", ".join(sorted(need | may)))
    whole = dict.fromkeys(may) | dict(block)
    return _FINISH[kind](whole, words) if kind in _FINISH else whole


def _cover(block: Block, words: Words) -> Block:
    if block["edition"] not in ("internal", "external"):
        raise AuditError("not an edition", column="edition", expected="internal or external")
    return block | {
        "sentence": text(block["sentence"]),
        "figures": _figures({"items": block["figures"] or []}, words)["items"],
        "facts": [[text(label), text(value)] for label, value in block["facts"] or []],
        "brief": bool(block["brief"]),
        "span": words.span(block["start"], block["end"]),
        "as_of_text": words.long_instant(block["as_of"]),
        "edition_text": words.say(f"edition.{block['edition']}"),
        "edition_short": words.say(f"edition.{block['edition']}_short"),
    }


def _sentence(block: Block, _words: Words) -> Block:
    return block | {"text": text(block["text"])}


def _figures(block: Block, words: Words) -> Block:
    items = [
        {
            "label": text(item["label"]),
            "value": written(item["value"], item.get("kind", "integer"), words),
            "note": text(item.get("note")),
        }
        for item in block["items"]
    ]
    return block | {"items": items}


def _counts(block: Block, words: Words) -> Block:
    """The strip under a section's heading: the rate of what was decided, and all five counts always together."""
    n = {o: block[o] for o in OUTCOMES}
    if any(isinstance(v, dict) for v in (*n.values(), block["population"])):
        bar, about_rate = list[Any](), words.say("counts.hidden")
    else:
        bar, about_rate = _decided(block, n, words)
    return block | {
        "shown": {k: written(block[k], "integer", words) for k in ("population", *OUTCOMES)},
        "bar": bar,
        "rate_text": written(block["rate"], "percent", words),
        "decided_text": about_rate,
        "empty_text": None
        if block["evaluated"]
        else words.say("counts.not_evaluated", tables=", ".join(block["empty_tables"])),
        "severity_text": words.say(f"severity.{block['severity']}"),
    }


def _decided(block: Block, n: dict[str, int], words: Words) -> tuple[list[Any], str]:
    """The bar of a check's outcomes, and of how many its rate is."""
    if sum(n.values()) != block["population"] or block["rate"] != rate(n["compliant"], n["violation"], n["waived"]):
        raise AuditError("the counts do not add up to the population and the rate", column="counts")
    decided = n["compliant"] + n["violation"] + n["waived"]
    bar = [[o, n[o]] for o in ("violation", "waived", "undetermined", "pending", "compliant") if n[o]]
    if not decided:
        return bar, words.say("counts.no_rate")
    return bar, words.say("counts.of", decided=words.integer(decided), unit=block["unit"])


def _table(block: Block, words: Words) -> Block:
    columns = block["columns"]
    if any(len(row) != len(columns) for row in block["rows"]):
        raise AuditError("a row of the table has another number of cells than there are columns", column="rows")
    rows = [[written(v, c["kind"], words) for v, c in zip(row, columns, strict=True)] for row in block["rows"]]
    size = block.get("size") or "normal"
    more = block.get("total_rows")
    note = text(block.get("note"))
    if more is not None and more > len(rows):
        counted = words.say("total_rows", shown=words.integer(len(rows)), total=words.integer(more))
        note = [counted] if note is None else [counted, " ", note]
    return block | {
        "caption": text(block["caption"]),
        "columns": tracks(columns, rows, size),
        "rows": rows,
        "note": note,
        "size": size,
        "total": bool(block.get("total")),
    }


def _chart(block: Block, _words: Words) -> Block:
    if not str(block["alt"]).strip():
        raise AuditError("a chart needs an alternative text that gives its finding", column="alt")
    return block | {k: text(block[k]) for k in ("title", "caption", "source_note")} | {"span": block["span"] or "full"}


def _note(block: Block, words: Words) -> Block:
    if block["tone"] not in ("info", "caution"):
        raise AuditError("not a tone", column="tone", expected="info or caution")
    return block | {"text": text(block["text"]), "label": words.say(block["tone"])}


def _matrix(block: Block, words: Words) -> Block:
    rows = [
        row
        | {
            "promise": text(row["promise"]),
            "result": chip(row["status"], row.get("result"), words),
            "evidence": [_evidence(e, row["status"], words) for e in row["evidence"]],
        }
        for row in block["rows"]
    ]
    tally = [
        {"n": words.integer(n), "status": s, "text": words.say(f"tally.{s}")}
        for s in STATUSES
        if (n := sum(r["result"]["status"] == s for r in rows))
    ]
    return block | {"caption": text(block["caption"]), "rows": rows, "tally": tally}


def _evidence(entry: Block, result: str, words: Words) -> Block:
    """A check with its own result; its status in words only where that is not the promise's."""
    whole = entry | chip(entry["status"], entry.get("text"), words)
    return whole if entry.get("text") or whole["status"] != result else whole | {"text": None}


def _method(block: Block, words: Words) -> Block:
    parts = markdown.parse(block["markdown"])
    return block | {
        "blocks": [finish_markdown(p | {"level": 3} if p["kind"] == "heading" else p, words) for p in parts],
        "severity_text": words.say(f"severity.{block['severity']}"),
    }


def finish_markdown(block: Block, words: Words) -> Block:
    """A block that Markdown gave, as the template takes it: only tables have something to write out."""
    return _table(block, words) if block["kind"] == "table" else block


def _heading(block: Block, _words: Words) -> Block:
    """A heading within a section."""
    return {"kind": "heading", "level": 2, "text": text(block["title"])}


def _glossary(block: Block, _words: Words) -> Block:
    return block | {"terms": [{"term": text(t["term"]), "text": text(t["text"])} for t in block["terms"]]}


def _closing(block: Block, _words: Words) -> Block:
    return block | {"not_claimed": [text(t) for t in block["not_claimed"]]}


_FINISH: dict[str, Callable[[Block, Words], Block]] = {
    "cover": _cover,
    "sentence": _sentence,
    "figures": _figures,
    "counts": _counts,
    "table": _table,
    "chart": _chart,
    "note": _note,
    "matrix": _matrix,
    "heading": _heading,
    "method": _method,
    "glossary": _glossary,
    "closing": _closing,
}
