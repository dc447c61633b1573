"""A document typeset as PDF: archivable (PDF/A), accessible (PDF/UA), the same bytes from the same data.

Data reaches the template as JSON only, so no text of a register or of an analyst is ever markup.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from audit import palette
from audit.words import Words

FONTS = Path(__file__).resolve().parent / "fonts"
TEMPLATES = Path(__file__).resolve().parent / "templates"

# PDF/A-3 may carry files; some archives take PDF/A-2 only, which may not.
_ATTACHING: Literal["a-3a"] = "a-3a"
_PLAIN: Literal["a-2a"] = "a-2a"

_MIME = {".json": "application/json", ".jsonl": "application/x-ndjson", ".csv": "text/csv"}


@dataclass(frozen=True)
class Document:
    """A report without its looks: the finished cover, and the finished blocks after it in their order, JSON-able."""

    cover: dict[str, Any]
    blocks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def words(self) -> Words:
        """The report's language, telling instants on the organisation's clocks."""
        return Words(self.cover["language"], self.cover["zone"])


def typeset(
    document: Document,
    *,
    manifest_sha256: str,
    attachments: Mapping[str, str] | None = None,
    template: Path = TEMPLATES / "report.typ",
) -> bytes:
    """The PDF of a report.

    Args:
        document: what it says.
        manifest_sha256: printed on the last page, so that the reader can hold it against the manifest.
        attachments: file name -> content of the files carried inside (.json, .csv); None makes the profile without.
        template: the typst file to fill.

    Raises:
        RuntimeError: the typesetter warned; a warning is a mistake in the template.
    """
    cover, words = document.cover, document.words
    report = {
        "cover": cover,
        "blocks": document.blocks,
        "labels": words.labels,
        "footer": words.say("footer", as_of=words.instant(cover["as_of"])),
        "manifest_sha256": manifest_sha256,
        "palette": {"ink": palette.INK, "grey": palette.GREY, "rule": palette.RULE, "wash": palette.WASH}
        | {"accent": palette.ACCENT, "tint": palette.TINT, "outcomes": palette.OUTCOMES},
    }
    files = [
        {"name": name, "text": content, "mime": _MIME[Path(name).suffix], "about": words.labels["file"].get(name, name)}
        for name, content in sorted((attachments or {}).items())
    ]
    compiler = typst.Compiler(
        str(template),
        root=str(template.parent),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(printable(report)), "files": json.dumps(files)},
    )
    made, warnings = compiler.compile_with_warnings(
        format="pdf",
        pdf_standards=[_PLAIN if attachments is None else _ATTACHING, "ua-1"],
        timestamp=int(datetime.fromisoformat(cover["as_of"]).timestamp()),
    )
    if warnings:
        raise RuntimeError("; ".join(w.message for w in warnings))
    if not isinstance(made, bytes):
        raise TypeError("the typesetter gave no single file")
    return made


def printable(value: Any) -> Any:
    """The same data with every character that the typeface lacks written out, as ``[U+682A]``.

    The typesetter refuses a missing glyph; a name in another script must neither vanish nor stop the report.
    """
    if isinstance(value, str):
        composed = unicodedata.normalize("NFC", value)
        return "".join(c if c in "\n\t" or ord(c) in _covered() else f"[U+{ord(c):04X}]" for c in composed)
    if isinstance(value, Mapping):
        return {k: printable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [printable(v) for v in value]
    return value


@cache
def _covered() -> frozenset[int]:
    """The characters that every shipped face can draw."""
    faces = [_characters(path.read_bytes()) for path in sorted(FONTS.glob("*.ttf"))]
    return frozenset(set.intersection(*faces) - set(range(0x20)) - {0x7F})


def _characters(font: bytes) -> set[int]:
    """The characters of a TrueType font, by its character map's segments (format 4; OpenType, section cmap)."""
    tables = struct.unpack(">H", font[4:6])[0]
    records = (struct.unpack(">4sIII", font[12 + 16 * i : 28 + 16 * i]) for i in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    count = struct.unpack(">H", font[cmap + 2 : cmap + 4])[0]
    for i in range(count):
        at = cmap + struct.unpack(">I", font[cmap + 8 + 8 * i : cmap + 12 + 8 * i])[0]
        if struct.unpack(">H", font[at : at + 2])[0] == 4:
            break
    segments = struct.unpack(">H", font[at + 6 : at + 8])[0] // 2
    ends = struct.unpack(f">{segments}H", font[at + 14 : at + 14 + 2 * segments])
    starts = struct.unpack(f">{segments}H", font[at + 16 + 2 * segments : at + 16 + 4 * segments])
    return {c for first, last in zip(starts, ends, strict=True) for c in range(first, last + 1) if c != 0xFFFF}
