"""Persons planted in exports, and every trace of them looked for in what came of the exports."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb


def spellings(identifier: str) -> Iterator[tuple[str, bytes]]:
    """Ways in which an identifier could be found again without the key."""
    digits = "".join(c for c in identifier if c.isdigit())
    numeric = len(digits) >= 9
    for text in {identifier, identifier.lower(), identifier.upper(), *({digits, digits[-10:]} if numeric else ())}:
        data = text.encode()
        yield f"{text} as it is", data
        yield f"{text} in Latin-1", text.encode("latin-1", "replace")
        yield f"{text} in a URL", quote(text, safe="").encode()
        for offset in range(3):  # where it may stand within a longer text
            code = base64.b64encode(b"x" * offset + data)
            yield f"{text} in Base64", code[4 * bool(offset) : len(code) // 4 * 4 - 4]
        for name in ("md5", "sha1", "sha256"):
            code = hashlib.new(name, data).hexdigest().encode()
            yield f"{name} of {text}", code
            yield f"{name} of {text}", bytes.fromhex(code.decode())


def traces(identifiers: Iterable[str], texts: dict[str, bytes]) -> list[str]:
    """Where an identifier is found, in any spelling and in any case of its letters."""
    looked_for = [(what, code) for identifier in identifiers for what, code in spellings(identifier)]
    found = []
    for name, content in texts.items():
        small = content.lower()
        found += [f"{what} in {name}" for what, code in looked_for if code in content or code.lower() in small]
    return found


def written(folder: Path) -> dict[str, bytes]:
    """Every file of a folder as it is, with its name; of Parquet also its rows, which may be compressed."""
    texts = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        texts[str(path)] = path.name.encode() + b"\n" + path.read_bytes()
        if path.suffix == ".parquet":
            rows = duckdb.connect().execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
            texts[f"rows of {path}"] = "\n".join(str(v) for row in rows for v in row).encode()
    return texts
