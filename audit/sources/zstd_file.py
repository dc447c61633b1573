"""Zstandard files whose end is looked for: the library itself takes a file that is cut off for a shorter one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 13  # bytes; at worst some 30,000 times as many come out of them


class ZstdFile(io.RawIOBase):
    """The bytes within a .zst file of one or more frames.

    Reading raises EOFError where the file ends within a frame, and ZstdError where it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._packed, self._unpacked = b"", memoryview(b"")
        self._within = False  # a frame

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer as far as what is unpacked goes; 0 at the end."""
        while not self._unpacked and self._unpack():
            pass
        room = memoryview(buffer).cast("B")
        taken = self._unpacked[: len(room)]
        room[: len(taken)] = taken
        self._unpacked = self._unpacked[len(taken) :]
        return len(taken)

    def _unpack(self) -> bool:
        """Unpack some more; false at the end."""
        packed = self._packed or self._file.read(_CHUNK)
        if not packed:
            if self._within:
                raise EOFError("the file is cut off")
            return False
        self._unpacked = memoryview(self._frame.decompress(packed))
        self._within, self._packed = not self._frame.eof, b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        return True

    def close(self) -> None:
        self._file.close()
        super().close()
