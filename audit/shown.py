"""A block with its looks on a screen: what a cell of a notebook shows."""

from __future__ import annotations

from typing import Any

from audit import markup
from audit.blocks import MIME, Block, finish
from audit.hidden import marked
from audit.words import Words


class Shown:
    """One block with its looks on a screen.

    Attributes:
        block: what the report sets; a count that is not shown stands in it as ``{"hidden": text}``.
    """

    def __init__(self, block: Block, words: Words) -> None:
        self.block: Block = marked(block)
        self._finished, self._labels = finish(self.block, words), words.labels

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, Any]:
        looks = {"text/html": markup.html, "text/plain": markup.text}
        return {MIME: self.block} | {kind: look(self._finished, self._labels) for kind, look in looks.items()}


class Several(tuple[Any, ...]):
    """Display objects shown one after the other."""

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook has it

        display(*self)  # type: ignore[no-untyped-call]
