"""A finished block for the screen: as escaped HTML that JupyterLab shows untrusted, and as plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from audit import palette
from audit.blocks import Block
from audit.sentences import plain

_SYMBOLS = {
    "kept": "●",
    "violation": "▲",
    "pending": "◔",
    "undetermined": "?",
    "waived": "◇",
    "not_evidenced": "○",
    "not_evaluated": "○",
}
# Of the reader's theme, light or dark: JupyterLab takes named colours of its own out of what it does not trust.
_SMALL = "font-size:0.9em;opacity:0.75"
_CELL = "padding:0.3em 0.8em 0.3em 0;border-bottom:1px solid rgba(128,128,128,0.4);vertical-align:top"


def html(block: Block, labels: Mapping[str, Any]) -> str:
    """A finished block as HTML, with the labels of its language; one that only steers the pages is one grey line."""
    write = _HTML.get(block["kind"], _marker)
    return write(block | {"labels": labels})


def text(block: Block, labels: Mapping[str, Any]) -> str:
    """A finished block as lines of plain text, with the labels of its language."""
    kind = block["kind"]
    return _TEXT[kind](block | {"labels": labels}) if kind in _TEXT else f"[{kind}]"


def _begins(label: str) -> str:
    """A label that begins a line."""
    return label[:1].upper() + label[1:]


def runs(value: Any) -> str:
    """A text or a chip as HTML."""
    if isinstance(value, list):
        return "".join(runs(v) for v in value)
    if not isinstance(value, dict):
        return escape(str(value or ""))
    if "status" in value:
        return f"<span>{_SYMBOLS[value['status']]} {runs(value['text'])}</span>"
    if "link" in value:
        return f'<a href="{escape(value["link"])}">{runs(value["text"])}</a>'
    tags = {"strong": "strong", "em": "em", "code": "code", "footnote": "small"}
    return "".join(f"<{tags[k]}>{runs(v)}</{tags[k]}>" if k in tags else "<br>" for k, v in value.items())


def _chip(value: dict[str, Any]) -> str:
    return f"{_SYMBOLS[value['status']]} {plain(value['text'])}"


def _cell_text(value: Any) -> str:
    return _chip(value) if isinstance(value, dict) and "status" in value else plain(value)


def _grid(heads: list[tuple[Any, str]], rows: list[list[Any]], caption: Any, note: Any = None) -> str:
    """A table; heads are label and alignment, and what more their cells want."""
    head = "".join(f'<th scope="col" style="{_CELL};text-align:{align}">{runs(label)}</th>' for label, align in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL};text-align:{align}">{runs(v)}</td>' for v, (_, align) in zip(row, heads, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    top = f'<caption style="text-align:left;font-weight:600;padding:0.4em 0">{runs(caption)}</caption>'
    foot = f'<p style="{_SMALL}">{runs(note)}</p>' if note else ""
    table = f"{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<table style="border-collapse:collapse">{table}</table>{foot}'


def _table(block: Block) -> str:
    keeps = ";white-space:nowrap"  # a key or a day stays in one line, as in the report
    heads = [(c["label"], c["align"] + ("" if c["share"] else keeps)) for c in block["columns"]]
    note = block["note"] if block["rows"] else [block["labels"]["none"], " ", block["note"] or ""]
    return _grid(heads, block["rows"], block["caption"], note)


def _table_text(block: Block) -> str:
    lines = [[plain(c["label"]) for c in block["columns"]]]
    lines += [[_cell_text(v) for v in row] for row in block["rows"]]
    return "\n".join(
        [plain(block["caption"]), *("  |  ".join(line) for line in lines), plain(block["note"] or "")]
    ).rstrip()


def _sentence(block: Block) -> str:
    return f'<p style="font-size:1.25em;line-height:1.4;max-width:44em">{runs(block["text"])}</p>'


def _figures(block: Block) -> str:
    return f'<div style="display:flex;gap:2.5em;flex-wrap:wrap">{"".join(_figure(i) for i in block["items"])}</div>'


def _figure(item: Block) -> str:
    note = f'<div style="{_SMALL}">{runs(item["note"])}</div>' if item["note"] else ""
    number = f'<div style="font-size:1.9em;font-weight:600">{runs(item["value"])}</div>'
    return f'<div><div style="{_SMALL}">{runs(item["label"])}</div>{number}{note}</div>'


def _figures_text(block: Block) -> str:
    return "; ".join(f"{plain(i['label'])} {_cell_text(i['value'])}" for i in block["items"])


def _counts_items(block: Block) -> list[Block]:
    labels = block["labels"]
    rate = {"label": _begins(labels["counts"]["rate"]), "value": block["rate_text"], "note": block["decided_text"]}
    names = ("population", "compliant", "violation", "pending", "undetermined", "waived")
    shown = [{"label": _begins(labels["outcome"][n]), "value": block["shown"][n], "note": None} for n in names]
    return [rate, *shown]


def _counts(block: Block) -> str:
    if block["empty_text"]:
        return _note({"label": _begins(block["labels"]["status"]["not_evaluated"]), "text": block["empty_text"]})
    return _figures({"items": _counts_items(block)})


def _counts_text(block: Block) -> str:
    return block["empty_text"] or _figures_text({"items": _counts_items(block)})


def _note(block: Block) -> str:
    bar = f"border-left:3px solid {palette.TINT};padding:0.2em 1em;max-width:50em"
    return f'<div style="{bar}"><strong>{runs(block["label"])}.</strong> {runs(block["text"])}</div>'


def _cover(block: Block) -> str:
    facts = " · ".join(escape(str(block[k])) for k in ("organisation", "period", "span", "scope", "edition_short"))
    figures = _figures({"items": block["figures"]}) if block["figures"] else ""
    title = f'<div style="font-size:1.6em;font-weight:600">{runs(block["report"])}</div>'
    as_of = (
        f'<p style="{_SMALL}">{facts} · {escape(block["labels"]["cover"]["as_of"])} {escape(block["as_of_text"])}</p>'
    )
    return f"<div>{title}{as_of}{_sentence({'text': block['sentence']})}{figures}</div>"


def _matrix(block: Block) -> str:
    heads = [(block["labels"]["matrix"][h], "left") for h in ("id", "promise", "gdpr", "result", "evidence")]
    return _grid(heads, _matrix_rows(block), block["caption"])


def _matrix_rows(block: Block) -> list[list[Any]]:
    return [
        [
            row["id"],
            row["promise"],
            row["gdpr"],
            row["result"],
            [part for e in row["evidence"] for part in _evidence(e)],
        ]
        for row in block["rows"]
    ]


def _evidence(entry: Block) -> list[Any]:
    """A check of a promise with its own result; with none where that is the promise's, which stands beside it."""
    return [{"code": entry["check"]}, *([": ", entry["text"]] if entry["text"] else []), {"break": ""}]


def _matrix_text(block: Block) -> str:
    rows = ("  |  ".join(_cell_text(v) for v in row[:4]) for row in _matrix_rows(block))
    return "\n".join([plain(block["caption"]), *rows])


def _method(block: Block) -> str:
    summary = f"{runs(block['title'])} ({runs(block['article'])})"
    return f"<details><summary>{summary}</summary><pre>{escape(block['markdown'])}</pre></details>"


def _glossary(block: Block) -> str:
    terms = "".join(f"<dt><strong>{runs(t['term'])}</strong></dt><dd>{runs(t['text'])}</dd>" for t in block["terms"])
    return f"<dl>{terms}</dl>"


def _closing(block: Block) -> str:
    return f"<ul>{''.join(f'<li>{runs(t)}</li>' for t in block['not_claimed'])}</ul>"


def _heading(block: Block) -> str:
    return f"<h3>{runs(block['text'])}</h3>"


def _marker(block: Block) -> str:
    word = runs(block.get("title") or block["kind"])
    return f'<p style="{_SMALL}">— {word} —</p>'


_HTML: dict[str, Callable[[Block], str]] = {
    "cover": _cover,
    "sentence": _sentence,
    "figures": _figures,
    "counts": _counts,
    "table": _table,
    "note": _note,
    "matrix": _matrix,
    "heading": _heading,
    "method": _method,
    "glossary": _glossary,
    "closing": _closing,
}
_TEXT: dict[str, Callable[[Block], str]] = {
    "cover": lambda b: f"{plain(b['report'])}, {b['organisation']}, {b['period']}: {plain(b['sentence'])}",
    "sentence": lambda b: plain(b["text"]),
    "figures": _figures_text,
    "counts": _counts_text,
    "table": _table_text,
    "note": lambda b: f"{plain(b['label'])}: {plain(b['text'])}",
    "matrix": _matrix_text,
    "heading": lambda b: plain(b["text"]),
    "annex": lambda b: f"{b['labels']['annex']}: {plain(b['title'])}",
    "method": lambda b: f"{plain(b['title'])} ({b['article']})",
    "glossary": lambda b: "\n".join(f"{plain(t['term'])}: {plain(t['text'])}" for t in b["terms"]),
    "closing": lambda b: "\n".join(f"- {plain(t)}" for t in b["not_claimed"]),
}
