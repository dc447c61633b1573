"""What a file holds, byte by byte: its hash, its lines, and whether it is text at all."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from audit.errors import AuditError
from audit.sources.zstd_file import ZstdFile

LONGEST_LINE = 1 << 24  # bytes: what the engine takes for one JSON object, and more than any record needs
_CHUNK = 1 << 18  # bytes: what was read is still in the processor's cache while it is looked through
# UTF-32 first: its mark begins as that of UTF-16 does.
_FOREIGN = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NOTHING_OPEN = (b"", 0)  # of a decoder: no character of which only a part has come
State = tuple[int, int, int, int]


@dataclass(frozen=True)
class Content:
    """What was found in a file.

    Attributes:
        sha256: of its bytes.
        size: in bytes.
        state: how it was on the disk before it was read.
        lines: its physical lines, the last one counted also without a line end (CSV and JSON Lines, unpacked).
        is_plain: whether it is UTF-8 without a NUL (CSV, unpacked; of JSON the engine refuses all else).
        has_empty: whether an empty text was seen (JSON Lines, unpacked), looked for in chunks ever further apart.
    """

    sha256: str
    size: int
    state: State
    lines: int | None = None
    is_plain: bool = True
    has_empty: bool = False


def read_through(path: Path, name: str, form: str = "") -> Content:
    """Read a file from end to end.

    Args:
        path: where it is.
        name: what messages call it.
        form: csv or jsonl, to be looked through as such; any other is hashed alone.

    Raises:
        AuditError: it cannot be read or unpacked, is text of another encoding, or has a line that no record needs.
    """
    try:
        state = state_of(path)
        sha256, size = hashlib.sha256(), 0
        text = _Text(name, form) if form in ("csv", "jsonl") else None
        packed = path.suffix in (".gz", ".zst")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sha256.update(chunk)
                size += len(chunk)
                if text and not packed:
                    text.take(chunk)
        if packed:
            _unpack(path, text)
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError):
        why = "cannot be read: it is cut off, or is not what its name says"
        raise AuditError(why, file=name, fix="Export the file again.") from None
    except OSError as e:
        raise AuditError(f"cannot be read: {e.strerror or type(e).__name__}", file=name) from None
    if text:
        return Content(sha256.hexdigest(), size, state, text.end(), text.is_plain, text.has_empty)
    return Content(sha256.hexdigest(), size, state)


def _unpack(path: Path, text: _Text | None) -> None:
    """Read a packed file to its end."""
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            if text:
                text.take(chunk)


def state_of(path: Path) -> State:
    """How a file is on the disk: another one as soon as it is written to or replaced."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def refuse_change(path: Path, name: str, state: State) -> None:
    """Raise AuditError where a file is not as it was when it was hashed."""
    try:
        same = state_of(path) == state
    except OSError:
        same = False
    if not same:
        raise AuditError("it changed while it was read", file=name, fix="Load it again when nobody writes to it.")


class _Text:
    """Looks through text as it comes, chunk by chunk."""

    def __init__(self, name: str, form: str) -> None:
        self.name, self.form, self.is_plain, self.has_empty = name, form, True, False
        self._chunks = self._lines = self._open = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def take(self, chunk: bytes) -> None:
        if not self._chunks:
            self._refuse_foreign(chunk)
        lines = io.BytesIO(chunk).readlines()  # cuts at b"\n" alone, in a third of the time that count() takes
        last = b"" if lines[-1].endswith(b"\n") else lines.pop()
        self._lines += len(lines)
        self._open = len(last) if lines else self._open + len(last)
        if self._open > LONGEST_LINE:
            expected = f"lines of at most {LONGEST_LINE >> 20} MB"
            raise AuditError("the line does not end", file=self.name, line=self._lines + 1, expected=expected)
        if self.form == "jsonl" and self._chunks & (self._chunks - 1) == 0:
            self.has_empty = self.has_empty or b'""' in chunk
        if self.form == "csv" and self.is_plain:
            self.is_plain = b"\0" not in chunk and (self._is_ascii(chunk) or self._decodes(chunk))
        self._chunks += 1

    def end(self) -> int:
        """How many lines there were."""
        self.is_plain = self.is_plain and self._decodes(b"", final=True)
        return self._lines + bool(self._open)

    def _refuse_foreign(self, chunk: bytes) -> None:
        for mark, encoding in _FOREIGN:
            if chunk.startswith(mark):
                fix = f"Save it as UTF-8; it is {encoding}."
                raise AuditError("not UTF-8 text", file=self.name, line=1, expected="UTF-8", fix=fix)

    def _is_ascii(self, chunk: bytes) -> bool:
        """Whether there is nothing to decode, as in most logs: found out at a tenth of the cost."""
        return chunk.isascii() and self._decoder.getstate() == _NOTHING_OPEN

    def _decodes(self, chunk: bytes, *, final: bool = False) -> bool:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return True


def open_bytes(path: Path) -> BinaryIO:
    """A file's bytes, unpacked."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".zst":
        return io.BufferedReader(ZstdFile(path))
    return path.open("rb")


def open_text(path: Path) -> io.TextIOWrapper:
    """A file's text, unpacked; bytes that are not UTF-8 come as surrogates."""
    return io.TextIOWrapper(open_bytes(path), "utf-8-sig", errors="surrogateescape", newline="")
