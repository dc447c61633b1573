"""Counts and shares that the external edition does not show.

Such a value never holds the true figure: as a number it is only the least that the reader is told anyway. Whatever is
reckoned from it, on purpose or by oversight, can therefore give nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_SHOWN = "[c]"
"""Stands for a figure that would give away another: c for confidential, as statistical offices write it."""


class Hidden(int):
    """A count that is not shown.

    Args:
        least: the least it can be, as far as the reader is told; its value as a number.
        text: what is shown in its place; without one it is a sum of shown and hidden counts, told as `≥ least`.
    """

    text: str | None

    def __new__(cls, least: int, text: str | None = None) -> Hidden:
        made = super().__new__(cls, least)
        made.text = text
        return made

    def __bool__(self) -> bool:
        return True  # nothing may read it as none

    def __add__(self, other: int) -> Hidden:
        return Hidden(int(self) + int(other))

    __radd__ = __add__

    def __sub__(self, _other: int) -> Hidden:
        return Hidden(0, NOT_SHOWN)

    __rsub__ = __sub__

    def __truediv__(self, _other: float) -> HiddenShare:
        return HiddenShare()

    __rtruediv__ = __truediv__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and (int(self), self.text) == (int(other), other.text)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((int(self), self.text))

    def __str__(self) -> str:
        return self.text or (f"≥ {int(self)}" if int(self) else NOT_SHOWN)  # "at least 0" would say nothing

    __repr__ = __str__

    def __format__(self, _form: str) -> str:
        return str(self)

    def __reduce__(self) -> tuple[type[Hidden], tuple[int, str | None]]:
        return Hidden, (int(self), self.text)


class HiddenShare(float):
    """A share that is not shown, since a count in it is not; sorted as the highest."""

    def __new__(cls) -> HiddenShare:
        return super().__new__(cls, 1.0)

    def __str__(self) -> str:
        return NOT_SHOWN

    __repr__ = __str__

    def __format__(self, _form: str) -> str:
        return NOT_SHOWN

    def __reduce__(self) -> tuple[type[HiddenShare], tuple[()]]:
        return HiddenShare, ()


def few(below: int) -> Hidden:
    """A count that is too small to be shown, but not 0."""
    return Hidden(1, f"<{below}")


def withheld(least: int = 0) -> Hidden:
    """A count that is not shown because another one could be reckoned from it."""
    return Hidden(least, NOT_SHOWN)


def is_some(value: object) -> bool:
    """Whether all that is told of a count is that it is not 0."""
    return isinstance(value, Hidden) and value.text is None and int(value) == 1


def is_hidden(value: object) -> bool:
    """Whether a figure is one that is not shown."""
    return isinstance(value, Hidden | HiddenShare)


def spelled(value: Any) -> Any:
    """Plain data for a file: hidden figures as the text that stands for them."""
    return _replaced(value, str)


def marked(value: Any) -> Any:
    """Plain data of a block: hidden figures as ``{"hidden": text}``, which no reader takes for a number."""
    return _replaced(value, lambda hidden: {"hidden": str(hidden)})


def _replaced(value: Any, by: Any) -> Any:
    if is_hidden(value):
        return by(value)
    if isinstance(value, Mapping):
        return {key: _replaced(part, by) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(part, by) for part in value]
    return value
