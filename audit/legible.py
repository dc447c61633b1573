"""Everything that somebody could read in a finished file, wherever it stands in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from audit import pdf_text

Said = tuple[str, str]
"""Where it stands in the file, and the text."""

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_CONTENTS = re.compile(rb"/Contents (\d+) \d+ R")
_OBJECT = re.compile(rb"(\d+) \d+ obj")
_NUMBER = 24  # as many letters before `obj` hold an object's number
_STRING = re.compile(rb"\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*)\)|<(FEFF[0-9A-F\s]*)>", re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r\n": b""}
_PNG = b"\x89PNG\r\n\x1a\n"
_FONTS = (b"\x00\x01\x00\x00", b"OTTO")
# What no text string has, in any encoding that a PDF knows; the numbers of glyphs do.
_CONTROL = re.compile(rb"[\x00-\x07\x0b\x0e-\x17]")
_GLYPHS = re.compile(rb"\\00[0-7]")  # how most glyph numbers begin: no text does
_COLOURS = 36  # where a colour profile says that it is one


def texts(path: Path) -> Iterator[Said]:
    """The texts of a file with their places: a PDF's pages and hidden texts, a notebook's cells, others whole."""
    content = path.read_bytes()
    if content.startswith(b"%PDF"):
        yield from _of_pdf(content)
    elif path.suffix in (".ipynb", ".json"):
        yield from (
            _of_notebook(json.loads(content)) if path.suffix == ".ipynb" else [("", _of_data(json.loads(content)))]
        )
    elif zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name, f"{name}\n{archive.read(name).decode('utf-8', 'replace')}"
    else:
        yield "", content.decode("utf-8", "replace")


def _of_pdf(pdf: bytes) -> Iterator[Said]:
    """The pages; then what no page shows: alternative texts, bookmarks, metadata, and the files inside."""
    for number, page in enumerate(pdf_text.pages(pdf), 1):
        yield f"page {number}", page
    for name, file in pdf_text.attached(pdf).items():
        yield "an attachment", f"{name}\n{file.decode('utf-8', 'replace')}"
    yield "its alternative texts, bookmarks or metadata", "\n".join(_hidden(pdf))


def _hidden(pdf: bytes) -> Iterator[str]:
    """The text strings of a PDF, and of its streams those that are plain text and neither a page nor a file inside."""
    yield _strings(_STREAM.sub(b"", pdf))
    pages = set(_CONTENTS.findall(pdf))
    for stream in _STREAM.finditer(pdf):
        head = pdf[max(0, pdf.rfind(b"obj", 0, stream.start()) - _NUMBER) : stream.start()]
        body = _inflated(stream[1])
        if b"/EmbeddedFile" in head or _is_drawn(body):
            continue
        yield _strings(body)
        number = _OBJECT.search(head)
        is_page = number is not None and number[1] in pages
        if not is_page and b"begincmap" not in body and _is_text(body):
            yield body.decode()


def _is_drawn(body: bytes) -> bool:
    """Whether a stream is an image, a font or a colour profile: its bytes look like any string, and say nothing."""
    return body.startswith((_PNG, *_FONTS)) or body[_COLOURS : _COLOURS + 4] == b"acsp"


def _inflated(body: bytes) -> bytes:
    """A stream without its compression; as it is where it has none."""
    try:
        return zlib.decompressobj().decompress(body)
    except zlib.error:
        return body


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode()
    except UnicodeDecodeError:
        return False


def _strings(part: bytes) -> str:
    """The text strings of a part of a PDF, a line each."""
    return "\n".join(filter(None, map(_string, _STRING.finditer(part))))


def _string(found: re.Match[bytes]) -> str:
    if found[2] is not None:
        raw = bytes.fromhex(found[2].decode())
    else:
        if _GLYPHS.match(found[1]):
            return ""
        raw = _ESCAPE.sub(_unescaped, found[1]) if b"\\" in found[1] else found[1]
    if not raw.startswith(b"\xfe\xff") and _CONTROL.search(raw):
        return ""
    return raw[2:].decode("utf-16-be", "replace") if raw.startswith(b"\xfe\xff") else raw.decode("latin-1")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) & 255]) if code[:1] in b"01234567" else _ESCAPED.get(code, code)


def _of_notebook(notebook: dict[str, Any]) -> Iterator[Said]:
    """Each cell with its outputs and metadata, then the notebook's own metadata."""
    for number, cell in enumerate(notebook.pop("cells", []), 1):
        cell["source"] = "".join(cell.get("source", ""))
        yield f"cell {number}", _of_data(cell)
    yield "its metadata", _of_data(notebook)


def _of_data(value: Any) -> str:
    """Every key, text and number of plain data, a line each; of a drawing its words, of an image its text chunks."""
    return "\n".join(_leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _image(part) if key == "image/png" else _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, str):
        yield re.sub(r"""\s(?:d|transform)="[^"]*"|<[a-z]+\s*/?>""", " ", value) if "<svg" in value else value
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _image(encoded: Any) -> Iterator[str]:
    """The text chunks of an image, in any of the three forms that PNG has."""
    try:
        image = base64.b64decode("".join(encoded))
    except (binascii.Error, TypeError):
        return
    at = len(_PNG)
    while at + 8 <= len(image):
        length, kind = int.from_bytes(image[at : at + 4]), image[at + 4 : at + 8]
        data = image[at + 8 : at + 8 + length]
        if kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
            yield data.decode("utf-8", "replace")
            _, _, packed = data.partition(b"\0")
            # zTXt: one byte before the compressed text; iTXt: two, and two more names.
            yield from (_inflated(packed[n:]).decode("utf-8", "replace") for n in _starts(packed))
        at += 12 + length


def _starts(packed: bytes) -> list[int]:
    """Where compressed text can begin: at each place that looks like its first byte."""
    return [n for n, byte in enumerate(packed[:200]) if byte == 0x78]
