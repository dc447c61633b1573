"""What a user can put right, said in one line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def printable(text: str) -> str:
    """Text on one line, without what a terminal would obey: line ends and control characters are spelled out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def nearest(name: str, names: Iterable[str]) -> str:
    """What to expect in the place of a name that is none: those spelt almost so, else all."""
    from difflib import get_close_matches  # late: few runs need it

    known = list(names)
    near = get_close_matches(name, known, cutoff=0.7)
    return " or ".join(near) if near else f"one of {', '.join(known)}"


class AuditError(Exception):
    """Something the user can mend: where it is, what was expected and how to mend it.

    The message never holds a value from the data, which may be personal: name the column, not what stands in it.

    Args:
        message: what is wrong, in words.
        file: the file it was found in, if any.
        line: its line there, counted from 1 (of a spreadsheet: its row).
        column: the column or key.
        expected: what would be right.
        fix: what to do about it.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: str | None = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.message, self.file, self.line, self.column = message, file, line, column
        self.expected, self.fix = expected, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.file, self.line) if p is not None)
        text = f"{place}: " if place else ""
        text += f"{self.column}: " if self.column else ""
        text += self.message
        text += f"; expected {self.expected}" if self.expected else ""
        return printable(text + (f". {self.fix}" if self.fix else ""))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the line that can be acted on, without the program's inside."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(AuditError):
    """A wrong word on the command line or in a call."""

    exit_code = 2


class CheckError(AuditError):
    """A check that could not be read or run."""

    exit_code = 4


class VerifyError(AuditError):
    """What was verified is not what it says it is."""

    exit_code = 5
