"""A tiny line: a few shares as eight heights of a character, which every screen and every notebook shows."""

from __future__ import annotations

from collections.abc import Sequence

from audit.words import Words

_HEIGHTS = "▁▂▃▄▅▆▇█"
_LEAST = 0.02  # of a share: less is drawn as hardly a change


def text(values: Sequence[float]) -> str:
    """The shares as characters; nothing for fewer than two."""
    return "".join(_HEIGHTS[round(y * (len(_HEIGHTS) - 1))] for y in _scaled(values)) if len(values) > 1 else ""


def said(values: Sequence[float], words: Words) -> str:
    """The shares in per cent, for who points at them."""
    return ", ".join(words.percent(v) for v in values)


def _scaled(values: Sequence[float]) -> list[float]:
    """From 0, the lowest, to 1, the highest; a small spread stays small."""
    low, high = min(values), max(values)
    spread = max(high - low, _LEAST)
    return [1 - (high - v) / spread for v in values]
