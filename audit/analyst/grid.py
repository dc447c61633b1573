"""A table for the screen: as escaped HTML that JupyterLab shows untrusted, and as plain text."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from itertools import accumulate
from math import isfinite
from shutil import get_terminal_size
from typing import Any

from audit import palette
from audit.analyst import spark
from audit.errors import printable
from audit.words import NOTHING, Words

Row = Mapping[str, Any]
_SYMBOLS = {"violation": "▲", "pending": "◔", "undetermined": "?", "waived": "◇", "compliant": "●"}
_CELL = f"padding:0.25em 0.9em 0.25em 0;border-bottom:1px solid {palette.RULE}55;vertical-align:top"
SMALL = "font-size:0.9em;opacity:0.75"
_SHORT = 40
"""Characters of a cell that stays on one line."""
_LONG = "24em"
"""How wide a cell with more is at the least, in a table that is wider than the page."""
_WIDEST = 60
"""Characters of a cell in plain text; HTML wraps."""


def told(value: Any, kind: str, words: Words) -> str:
    """A value as it is read: numbers with their groups, instants on the organisation's clocks."""
    if value is None:
        return NOTHING
    if kind == "percent":
        return words.percent(value)
    if kind == "points":
        return f"{'+' if value > 0 else ''}{words.decimal(value)}".replace("-", "−")
    if kind == "trend":
        return spark.text(value)
    if kind == "status":
        return f"{_SYMBOLS.get(value, '')} {value}".strip()
    if kind == "moment" and "T" in value:
        return _plain(datetime.fromisoformat(value), words)
    return _plain(value, words)


def _plain(value: Any, words: Words) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return words.integer(value)
    if isinstance(value, float | Decimal):
        return words.integer(float(value)) if isfinite(value) and value == round(value) else f"{value:,.4g}"
    if isinstance(value, datetime):
        local = value.astimezone(words.zone) if value.tzinfo else value
        return f"{local:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "; ".join(_plain(v, words) for v in value)
    return str(value)


def html(columns: Mapping[str, str], rows: Sequence[Row], words: Words, *, title: str = "", note: str = "") -> str:
    """A table; columns are name -> kind: an SQL type, percent, points, status, trend or moment (in ISO form)."""
    align = {name: "right" if is_number(kind) else "left" for name, kind in columns.items()}
    head = "".join(f'<th scope="col" style="{_CELL};text-align:{align[n]}">{escape(n)}</th>' for n in columns)
    body = "".join(f"<tr>{''.join(_cell(row[n], k, align[n], words) for n, k in columns.items())}</tr>" for row in rows)
    top = f'<caption style="text-align:left;font-weight:600;padding:0.3em 0">{escape(title)}</caption>' if title else ""
    table = f"{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<table style="border-collapse:collapse">{table}</table>' + (paragraph(note, SMALL) if note else "")


def paragraph(said: str, style: str = "max-width:50em") -> str:
    """A paragraph."""
    return f'<p style="{style}">{escape(said)}</p>'


def _cell(value: Any, kind: str, align: str, words: Words) -> str:
    said = told(value, kind, words)
    size = "white-space:nowrap" if len(said) <= _SHORT else f"min-width:{_LONG}"
    size += ";font-size:0.75em;opacity:0.7" if kind == "trend" else ""  # else the bars of rows run into one another
    title = f' title="{escape(spark.said(value, words))}"' if kind == "trend" and value else ""
    return f'<td style="{_CELL};text-align:{align};{size}"{title}>{escape(said)}</td>'


def text(columns: Mapping[str, str], rows: Sequence[Row], words: Words, *, title: str = "", note: str = "") -> str:
    """The same as aligned lines; what a terminal would obey is spelled out, and what it has no room for is named."""
    cells = [[_cut(told(row[name], kind, words)) for name, kind in columns.items()] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = [is_number(kind) for kind in columns.values()]
    fitting = _fitting(widths)
    lines = []
    for line in [list(columns), *cells]:
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        lines.append("  ".join(padded[:fitting]).rstrip())
    left = ", ".join(list(columns)[fitting:])
    return "\n".join(filter(None, (title, *lines, note, left and words.say("analyst.frame.columns", names=left))))


def _fitting(widths: Sequence[int]) -> int:
    """How many columns a terminal has room for, one at the least; all of them where it is none."""
    if not sys.stdout.isatty():
        return len(widths)
    room = get_terminal_size().columns
    return max(sum(end - len("  ") <= room for end in accumulate(w + len("  ") for w in widths)), 1)


def is_number(kind: str) -> bool:
    """Whether values of the kind stand at the right."""
    return kind in ("percent", "points") or kind.startswith(("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT")) or "INT" in kind


def _cut(value: str) -> str:
    value = printable(value.replace("\xa0", " "))
    return value if len(value) <= _WIDEST else f"{value[: _WIDEST - 1]}…"
