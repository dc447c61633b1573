"""A tiny line: a few shares as an inline drawing, and as eight heights of a character."""

from __future__ import annotations

from collections.abc import Sequence

_HEIGHTS = "▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT, _EDGE = 64, 16, 2
_LEAST = 0.02  # of a share: less is drawn as hardly a change


def svg(values: Sequence[float]) -> str:
    """A line of shares with a dot at its end; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    points = [(_EDGE + i * step, _HEIGHT - _EDGE - y * (_HEIGHT - 2 * _EDGE)) for i, y in enumerate(_scaled(values))]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{said(values)}"><title>{said(values)}</title>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="currentColor"/></svg>'
    )


def text(values: Sequence[float]) -> str:
    """The same in characters."""
    return "".join(_HEIGHTS[round(y * (len(_HEIGHTS) - 1))] for y in _scaled(values)) if len(values) > 1 else ""


def said(values: Sequence[float]) -> str:
    """The shares in per cent, for who hears the page."""
    return ", ".join(f"{100 * v:.1f} %" for v in values)


def _scaled(values: Sequence[float]) -> list[float]:
    """From 0, the lowest, to 1, the highest; a small spread stays small."""
    low, high = min(values), max(values)
    spread = max(high - low, _LEAST)
    return [1 - (high - v) / spread for v in values]
