"""Markdown as a tree of plain data, the same kind of blocks that the notebooks' display objects give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from audit.errors import AuditError

Block = dict[str, Any]
Text = list[Any]

# Raw HTML stays text: what is typed is what is printed.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table").use(footnote_plugin, inline=False)


def parse(source: str) -> list[Block]:
    """The blocks of a Markdown text: heading, paragraph, list, quote, code, table.

    Headings carry their Markdown level; footnotes stand where they are referred to.

    Raises:
        AuditError: a form that a report cannot typeset, as an image or a rule.
    """
    root = SyntaxTreeNode(_PARSER.parse(source))
    notes: dict[int, Text] = {}
    for node in root.children:
        if node.type == "footnote_block":
            notes |= {n.meta["id"]: _note(n) for n in node.children}
    return [_block(n, notes) for n in root.children if n.type != "footnote_block"]


def _block(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    build = _BLOCKS.get(node.type)
    if build is None:
        raise AuditError(
            f"the report cannot typeset this Markdown form: {node.type}",
            line=node.map[0] + 1 if node.map else None,
            expected="headings, paragraphs, lists, quotes, code, footnotes and simple tables",
        )
    return build(node, notes)


def _heading(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    return {"kind": "heading", "level": int(node.tag[1]), "text": _inline(node.children, notes)}


def _paragraph(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    return {"kind": "paragraph", "text": _inline(node.children, notes)}


def _list(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    items = [[_block(n, notes) for n in item.children] for item in node.children]
    return {"kind": "list", "ordered": node.type == "ordered_list", "items": items}


def _quote(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    return {"kind": "quote", "blocks": [_block(n, notes) for n in node.children]}


def _code(node: SyntaxTreeNode, _notes: dict[int, Text]) -> Block:
    return {"kind": "code", "text": node.content.rstrip("\n")}


def _table(node: SyntaxTreeNode, notes: dict[int, Text]) -> Block:
    rows = [row.children for part in node.children for row in part.children]
    columns = [
        {
            "key": str(i),
            "label": _inline(cell.children, notes),
            "kind": "text",
            "align": "right" if "right" in str(cell.attrs.get("style", "")) else "left",
        }
        for i, cell in enumerate(rows[0])
    ]
    cells = [[_inline(cell.children, notes) for cell in row] for row in rows[1:]]
    return {"kind": "table", "caption": None, "columns": columns, "rows": cells}


_BLOCKS: dict[str, Callable[[SyntaxTreeNode, dict[int, Text]], Block]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "bullet_list": _list,
    "ordered_list": _list,
    "blockquote": _quote,
    "fence": _code,
    "code_block": _code,
    "table": _table,
}


def _note(node: SyntaxTreeNode) -> Text:
    """A footnote's paragraphs as one text."""
    text: Text = []
    for paragraph in node.children:
        if text:
            text.append({"break": True})
        text += _inline([n for n in paragraph.children if n.type != "footnote_anchor"], {})
    return text


def _inline(nodes: list[SyntaxTreeNode], notes: dict[int, Text]) -> Text:
    text: Text = []
    for node in nodes:
        if node.type == "inline":
            text += _inline(node.children, notes)
        elif node.type in _RUNS:
            text.append(_RUNS[node.type](node, notes))
        else:
            raise AuditError(f"the report cannot typeset this Markdown form: {node.type}")
    return text


_RUNS: dict[str, Callable[[SyntaxTreeNode, dict[int, Text]], Any]] = {
    "text": lambda node, _: node.content,
    "softbreak": lambda _, __: " ",
    "hardbreak": lambda _, __: {"break": True},
    "code_inline": lambda node, _: {"code": node.content},
    "strong": lambda node, notes: {"strong": _inline(node.children, notes)},
    "em": lambda node, notes: {"em": _inline(node.children, notes)},
    "link": lambda node, notes: {"link": str(node.attrs["href"]), "text": _inline(node.children, notes)},
    "footnote_ref": lambda node, notes: {"footnote": notes[node.meta["id"]]},
}
