"""SIE files (types 1 to 4), read record by record: a voucher with its rows is one.

The format is that of the SIE group's specification 4B: lines of a label and fields, quoted where they hold spaces, in
code page 437.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from audit.errors import AuditError
from audit.sources.systems.export import Export

CODE_PAGE = "cp437"  # #FORMAT PC8, the only one that the specification knows
ENCODINGS = (CODE_PAGE, "iso-8859-1", "windows-1252", "utf-8")  # what programs write in its stead
_LONGEST = 1 << 20  # bytes of a line: more is no record
_BLANK = " \t\r\n\x1a"  # programs of DOS end a file with the last of these
ROWS = ("#TRANS", "#RTRANS", "#BTRANS")
_FIELD = re.compile(r'[ \t]*(?:"((?:\\"|[^"])*)"|([{}])|([^ \t{}"][^ \t{}]*))')
# What the bytes of accented letters become where a text of another encoding is read as code page 437.
_FOREIGN = re.compile("[\u2500-\u259fαΓπΣσΦΘΩδ∞φε∩≡≥≤⌠⌡÷≈√ⁿ]")


@dataclass(frozen=True)
class Record:
    """A record.

    Attributes:
        line: where it stands.
        label: as ``#KONTO``, in capitals.
        fields: what follows, without the list of objects; None where quotes or braces are not closed.
        objects: dimension and object of each pair in braces.
    """

    line: int
    label: str
    fields: tuple[str, ...] | None
    objects: tuple[tuple[str, str], ...] = ()

    def field(self, place: int) -> str:
        """A field without the blanks around it; empty where it is left out."""
        return self.fields[place].strip() if self.fields and place < len(self.fields) else ""


@dataclass(frozen=True)
class Voucher:
    """A #VER record and the rows in its braces."""

    head: Record
    rows: list[Record] = field(default_factory=list)


class SieFile:
    """The records of an SIE file, in its order and once.

    Args:
        export: the file.
        encoding: of its text.

    Attributes:
        is_foreign: whether something read so far looks as if the text had another encoding than code page 437.
    """

    def __init__(self, export: Export, encoding: str = CODE_PAGE) -> None:
        self.is_foreign = False
        self._export, self._encoding = export, encoding

    def __iter__(self) -> Iterator[Record | Voucher]:
        """Raises AuditError, with file and line, where it is no SIE file, is cut off, or its braces do not match."""
        voucher: Voucher | None = None
        is_open = begun = False
        line = sums = 0
        for line, text in self._lines():
            match text:
                case "{" if voucher and not is_open:
                    is_open = True
                case "}" if voucher and is_open:
                    yield voucher
                    voucher, is_open = None, False
                case _:
                    record = self._record(line, text, begun)
                    begun = True
                    sums += record.label == "#KSUMMA"
                    if (not is_open and (voucher or record.label in ROWS)) or (is_open and record.label == "#VER"):
                        self._refuse("a voucher and its rows do not stand together", line)
                    if voucher and is_open:
                        voucher.rows.append(record)
                    elif record.label == "#VER":
                        voucher = Voucher(record)
                    else:
                        yield record
        if not begun:
            self._refuse("the file is empty", 1)
        if voucher or sums == 1:  # the first #KSUMMA announces one at the end
            self._refuse("the file is cut off", line)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with io.BufferedReader(self._export.open()) as file:  # type: ignore[type-var]  # unpackers are raw streams, too
            number = 0
            while raw := file.readline(_LONGEST):
                number += 1
                if len(raw) == _LONGEST:
                    self._refuse("a line is longer than any record should be", number)
                text = raw.decode(self._encoding).removeprefix("\ufeff").strip(_BLANK)
                if "\0" in text or "\r" in text:
                    self._refuse("holds a NUL byte or a line break that is none", number)
                if text:
                    yield number, text

    def _record(self, line: int, text: str, begun: bool) -> Record:
        if not text.startswith("#"):
            self._refuse("not a record of an SIE file", line)
        self.is_foreign = self.is_foreign or (self._encoding == CODE_PAGE and is_foreign(text))
        label, *_ = text.split(maxsplit=1)
        label = label.upper()
        if not begun and label != "#FLAGGA":
            self._refuse("the first record is not #FLAGGA", line)
        parsed = _fields(text[len(label) :])
        return Record(line, label, *parsed) if parsed else Record(line, label, None)

    def _refuse(self, message: str, line: int) -> NoReturn:
        raise AuditError(
            message, file=self._export.name, line=line, expected="an SIE file", fix="Export the file again."
        )


def is_foreign(text: str) -> bool:
    """Whether text read as code page 437 looks as if it were in another encoding."""
    return _FOREIGN.search(text) is not None


def _fields(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]] | None:
    """A record's fields and objects; None where quotes or braces are not closed."""
    fields, objects, inside, place = list[str](), list[str](), False, 0
    while place < len(text):
        match = _FIELD.match(text, place)
        if not match:
            return None
        place = match.end()
        quoted, brace, bare = match.groups()
        if brace:
            if inside == (brace == "{"):
                return None
            inside = not inside
        else:
            (objects if inside else fields).append(bare or quoted.replace('\\"', '"'))
    if inside or len(objects) % 2:
        return None
    return tuple(fields), tuple(zip(objects[::2], objects[1::2], strict=True))
