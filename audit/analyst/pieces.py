"""Several things shown as one answer: sentences, tables and charts below each other."""

from __future__ import annotations

from html import escape
from typing import Any


class Pieces(tuple[Any, ...]):
    """Things shown one below the other."""

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self))

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook has it

        display(*self)  # type: ignore[no-untyped-call]


class Explanation(list[str]):
    """Steps in words, from the facts to what follows from them."""

    def __repr__(self) -> str:
        return "\n".join(f"{n}. {step}" for n, step in enumerate(self, start=1))

    def _repr_html_(self) -> str:
        return f"<ol>{''.join(f'<li>{escape(step)}</li>' for step in self)}</ol>"


class Said(str):
    """A sentence in the place of a drawing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self)}</p>"
