"""What a report says, as plain data: an executed notebook read into a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit import markdown
from audit.blocks import MIME, Block, finish, finish_markdown
from audit.errors import AuditError
from audit.messages import LANGUAGES
from audit.pdf import Document
from audit.words import Words

NOTEBOOK_ONLY = "notebook-only"


def read(path: Path) -> Document:
    """Read an executed notebook: its Markdown cells and the blocks of its outputs, code and streams left out.

    Everything before the cover, and every cell tagged ``notebook-only``, stays in the notebook; so does a cell tagged
    with a language (``en``, ``sv``) in a report of another.

    Raises:
        AuditError: no cover, an output or a Markdown form that cannot be typeset, or a heading out of order.
    """
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError("not a notebook that can be read", file=path) from error
    cover: Block | None = None
    words = Words()
    blocks: list[Block] = []
    for number, cell in enumerate(cells, 1):
        tags = set(cell.get("metadata", {}).get("tags", []))
        if NOTEBOOK_ONLY in tags or (tags & set(LANGUAGES) and words.language not in tags):
            continue
        try:
            if cover is None:
                start = next((b for b in _outputs(cell) if b.get("kind") == "cover"), None)
                if start is None:
                    continue
                words = Words(start["language"], start["zone"])
                cover = finish(start, words)
            blocks += _blocks(cell, words)
        except AuditError as error:
            where = f"cell {number}" + (f", {error.column}" if error.column else "")
            raise AuditError(
                error.message, file=path.name, column=where, expected=error.expected, fix=error.fix
            ) from error
    if cover is None:
        raise AuditError("the notebook shows no cover", file=path, fix="Begin the report with the cover's cell")
    return Document(cover, _paired(_once(_ordered(blocks, path))))


def _blocks(cell: dict[str, Any], words: Words) -> Iterator[Block]:
    """The blocks of one cell that go into the report."""
    if cell["cell_type"] == "markdown":
        for block in markdown.parse(_joined(cell["source"])):
            yield from _lowered(finish_markdown(block, words))
        return
    for block in _outputs(cell):
        if "kind" not in block:
            raise AuditError(
                "shows something that the report cannot typeset",
                fix=f"Use a display object of the package, or tag the cell {NOTEBOOK_ONLY}",
            )
        if block["kind"] != "cover":
            yield finish(block, words)


def _outputs(cell: dict[str, Any]) -> Iterator[Block]:
    """The block of each output; an output without one gives an empty block."""
    for output in cell.get("outputs", []):
        if output["output_type"] == "error":
            raise AuditError("this cell failed", fix="A report is made of a notebook that ran to its end")
        if output["output_type"] != "stream":
            yield output["data"].get(MIME, {})


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _lowered(block: Block) -> Iterator[Block]:
    """A heading one level up: ``##`` is the report's section, as ``#`` is the notebook's title."""
    if block["kind"] != "heading":
        yield block
        return
    if not 2 <= block["level"] <= 4:
        raise AuditError("not a level of heading in a report", expected="##, ### or ####; # is the notebook's title")
    yield block | {"level": block["level"] - 1}


def _ordered(blocks: list[Block], path: Path) -> list[Block]:
    """The same blocks, if no heading skips a level: a reader who listens needs the steps."""
    level = 0
    for block in blocks:
        now = {"annex": 1, "method": 2, "closing": 1}.get(block["kind"], block.get("level") or 0)
        if now > level + 1:
            raise AuditError("a heading skips a level", file=path.name, expected="## before ###, ### before ####")
        level = now or level
    return blocks


def _once(blocks: list[Block]) -> list[Block]:
    """The same blocks; a remark that repeats the one right before it is said once."""
    return [b for before, b in zip([None, *blocks], blocks, strict=False) if b["kind"] != "note" or b != before]


def _paired(blocks: list[Block]) -> list[Block]:
    """Two half charts in a row stand side by side; a single one takes the width."""
    paired: list[Block] = []
    waiting: Block | None = None
    for block in blocks:
        half = block["kind"] == "chart" and block["span"] == "half"
        if waiting is not None and half:
            paired[-1] = {"kind": "pair", "charts": [waiting, block]}
            waiting = None
        else:
            paired.append(block)
            waiting = block if half else None
    return paired
