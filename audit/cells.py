"""Values, statuses, texts and columns, written out as the reader of one language takes them."""

from __future__ import annotations

import re
from math import sqrt
from typing import Any

from audit.errors import AuditError
from audit.words import Words

STATUSES = ("kept", "violation", "pending", "undetermined", "waived", "not_evidenced", "not_evaluated")
_VALUE_KINDS = ("text", "integer", "decimal", "percent", "day", "instant", "status", "mono")
_RIGHT = ("integer", "decimal", "percent")
_LETTERS = {"normal": 100, "small": 113}  # as many surely stand in one line of a table
_SMALL = {"normal": 123, "small": 140}  # as many small letters do
_GAP = 3  # of them between two columns
_WIDE = {"mono": 1.25}  # of them as wide as one letter of a column
_KEPT = {"text": 20, "mono": 34}  # letters that a column is not made to wrap
_BREAKS = re.compile(r"[\s/-]")  # where a line may end
# What the template breaks (report.typ), and letters of the longest part that it leaves of it.
_BROKEN = {"text": re.compile(r"\S{24,}|[^\W\d_]{20,}"), "mono": re.compile(r"\S{13,}")}
_PART = 14


def text(value: Any) -> Any:
    """A text as it is, a string or a list of runs; anything else is refused.

    Raises:
        AuditError: neither a string nor a list of known runs.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [text(run) for run in value]
    if isinstance(value, dict):
        if set(value) == {"link", "text"} and str(value["link"]).startswith(("https://", "http://", "mailto:")):
            return {"link": value["link"], "text": text(value["text"])}
        if len(value) == 1 and set(value) <= {"strong", "em", "code", "footnote", "break"}:
            return {k: v if k in ("code", "break") else text(v) for k, v in value.items()}
    raise AuditError(
        "not a text", expected="a string, or a list of strings and runs (strong, em, code, link, footnote)"
    )


def written(value: Any, kind: str, words: Words) -> Any:
    """A cell's value as text in the report's language, or a chip ``{"status", "text"}``."""
    if kind not in _VALUE_KINDS:
        raise AuditError("not a kind of value", column="kind", expected=", ".join(_VALUE_KINDS))
    if isinstance(value, dict) and set(value) == {"hidden"}:
        return value["hidden"]
    if isinstance(value, dict) and "status" in value:
        return chip(value["status"], value.get("text"), words)
    if kind == "status" and isinstance(value, str):
        return chip(value, None, words)
    if value is None:
        return words.say("nothing")
    if isinstance(value, bool):
        return words.say("yes" if value else "no")
    if isinstance(value, int | float):
        if kind == "percent":
            return words.percent(value)
        return words.decimal(value) if kind == "decimal" else words.integer(value)
    if kind in ("day", "instant") and isinstance(value, str):
        return words.day(value) if kind == "day" else words.instant(value)
    return text(value)


def chip(status: str, label: Any, words: Words) -> dict[str, Any]:
    """A status as shape and word; ``compliant`` is how a finding says ``kept``."""
    status = "kept" if status == "compliant" else status
    if status not in STATUSES:
        raise AuditError("not a status", column="status", expected=", ".join(STATUSES))
    return {"status": status, "text": text(label) or words.say(f"status.{status}")}


def tracks(columns: list[dict[str, Any]], rows: list[list[Any]], size: str) -> list[dict[str, Any]]:
    """The columns of a table, normal or small, with their shares of the width.

    Where all fit as they are, the longest text takes the room left over; else the long ones share it by their
    root and wrap, so that the longest wraps most but an id keeps its line or two, and no word leaves its column.
    """
    cells = [max([len(plain(r[i])) for r in rows], default=0) for i in range(len(columns))]
    labels = [_label(text(c["label"]), n) for c, n in zip(columns, cells, strict=True)]
    widths = [max(n, *(len(plain(part)) for part in label)) for n, label in zip(cells, labels, strict=True)]
    texts = [i for i, c in enumerate(columns) if c["kind"] in _KEPT]
    shares: list[float | None] = [None] * len(columns)
    if texts:
        if sum(widths) + 2 * len(columns) <= _LETTERS[size]:
            shares[max(texts, key=lambda i: widths[i])] = 1
        else:
            for i, share in _wrapping(columns, rows, labels, widths, _SMALL[size] - _GAP * len(columns)).items():
                shares[i] = share
    return [
        {
            "label": label,
            "align": c.get("align") or ("right" if c["kind"] in _RIGHT else "left"),
            "mono": c["kind"] == "mono",
            "share": share,
        }
        for c, label, share in zip(columns, labels, shares, strict=True)
    ]


def _wrapping(
    columns: list[dict[str, Any]], rows: list[list[Any]], labels: list[list[Any]], widths: list[int], room: float
) -> dict[int, float]:
    """The columns that wrap, each with its share of the room that the others leave, in letters."""
    kinds = [c["kind"] for c in columns]
    wide = [_WIDE.get(kind, 1.0) for kind in kinds]
    wrapped = [i for i, kind in enumerate(kinds) if kind in _KEPT and widths[i] > _KEPT[kind]]
    left = room - sum(n * wide[i] for i, n in enumerate(widths) if i not in wrapped)
    words = {i: wide[i] * _longest_word([*labels[i], *(r[i] for r in rows)], kinds[i]) for i in wrapped}
    shares = _shared(left, {i: sqrt(widths[i]) for i in wrapped}, words)
    return {i: round(share, 1) for i, share in shares.items()}


def _shared(room: float, weights: dict[int, float], least: dict[int, float]) -> dict[int, float]:
    """Letters of room for each column by its weight, but no less than it needs."""
    given: dict[int, float] = {}
    while free := weights.keys() - given.keys():
        left = (room - sum(given.values())) / sum(weights[i] for i in free)
        tight = {i: least[i] for i in free if weights[i] * left < least[i]}
        given |= tight or {i: weights[i] * left for i in free}
    return given


def _longest_word(values: list[Any], kind: str) -> int:
    """Letters of the longest part of some texts that nothing breaks."""
    parts = (part for value in values for part in _BREAKS.split(plain(value)))
    return max((_PART if _BROKEN[kind].fullmatch(part) else len(part) for part in parts), default=0)


def _label(label: Any, cells: int) -> list[Any]:
    """A column's label, in two lines where it is wider than what stands under it."""
    words = label.split(" ") if isinstance(label, str) else []
    if len(words) < 2 or len(label) <= cells:
        return [label]
    first = min(range(1, len(words)), key=lambda i: max(len(" ".join(words[:i])), len(" ".join(words[i:]))))
    return [" ".join(words[:first]), {"break": True}, " ".join(words[first:])]


def plain(value: Any) -> str:
    """The letters of a text, without its runs' styles."""
    if isinstance(value, list):
        return "".join(plain(v) for v in value)
    if isinstance(value, dict):
        return (
            plain(value["text"]) if "text" in value else "".join(plain(v) for k, v in value.items() if k != "footnote")
        )
    return value if isinstance(value, str) else ""
