"""What a person sees while the command line works: lines, tables that fit the terminal, progress, advice."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from threading import Timer

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from audit.errors import printable

_PATIENCE = 1.0  # seconds of work before a progress bar is worth showing
_PIPE_WIDTH = 200  # a table into a file or a pipe is not folded


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would end the process with 1, which says that violations were found.
        raise BrokenPipeError


class Terminal:
    """The two streams of the command line: answers on stdout, everything said on the way on stderr.

    Args:
        quiet: only the answers that were asked for, and errors.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        if isinstance(sys.stdout, TextIOWrapper):  # stderr does so by itself
            sys.stdout.reconfigure(errors="backslashreplace")  # what its encoding cannot hold is spelled out
        # highlight=False and markup=False: a value of the data is never read as formatting.
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        self._out = _Console(highlight=False, markup=False, emoji=False, width=width)
        self._err = _Console(stderr=True, highlight=False, markup=False, emoji=False)

    @property
    def width(self) -> int:
        """Columns there are to write in."""
        return self._out.width

    def answer(self, text: str) -> None:
        """Print what was asked for, as it is."""
        print(text)

    def data(self, data: object) -> None:
        """Print an answer for programs, as JSON in letters that the stream's encoding has."""
        has_all = (sys.stdout.encoding or "").lower().startswith("utf")
        print(json.dumps(data, indent=2, ensure_ascii=not has_all))

    def sentence(self, text: str) -> None:
        """Print a sentence of the answer, folded between words where the terminal ends."""
        self._out.print(Text(printable(text)))

    def page(self, markdown: str) -> None:
        """Print a Markdown text: typeset on a terminal, as it is into a pipe."""
        if self._out.is_terminal:
            self._out.print(Markdown(markdown), width=min(self.width, 100))
        else:
            print(markdown)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, text_columns: int = 1) -> None:
        """Print a table; the first ``text_columns`` are set left, the others are numbers."""
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        for place, name in enumerate(columns):
            table.add_column(name, justify="left" if place < text_columns else "right", overflow="fold")
        for row in rows:
            table.add_row(*(Text(figure(value)) for value in row))
        self._out.print(table)

    def record(self, row: Mapping[str, object]) -> None:
        """Print a row as one line for each column that has a value."""
        width = max(map(len, row), default=0)
        for name, value in row.items():
            if value is not None:
                print(f"  {name:{width}}  {printable(str(value))}")
        print()

    def say(self, text: str = "") -> None:
        """Print a line about the work, unless quiet."""
        if not self.quiet:
            self._err.print(text, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a line that nobody may miss, quiet or not."""
        self._err.print(text, soft_wrap=True)

    def advise(self, *commands: tuple[str, Sequence[str]]) -> None:
        """Print what to type next: pairs of a reason and a command's words."""
        if commands and not self.quiet:
            self.say("\nNext:")
            width = max(len(_command(words)) for _, words in commands)
            for reason, words in commands:
                self.say(f"  {_command(words):{width}}  {reason}")

    @contextmanager
    def progress(self, *, left: bool = False) -> Iterator[Bar]:
        """A bar for work that may take long; it shows on a terminal only, and only once a second has passed.

        ``left`` tells the time left too, where the parts take about the same time.
        """
        with Bar(self._err, shown=self._err.is_terminal and not self.quiet, left=left) as bar:
            yield bar


class Bar:
    """Progress as a callback: ``bar("Loading consents", 2, 19)``; a total of 0 means that nobody knows."""

    def __init__(self, console: Console, *, shown: bool, left: bool = False) -> None:
        self._shown = shown
        remaining = (TimeRemainingColumn(), TextColumn("left")) if left else ()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            *remaining,
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Starting", total=None)
        # A timer, because a single long step reports nothing that could start the bar.
        self._timer = Timer(_PATIENCE, self._progress.start)

    def __call__(self, label: str, done: int = 0, total: int = 0) -> None:
        """Say what is being done, how many parts of it are finished and how many there are."""
        self._progress.update(self._task, description=label, completed=done, total=total or None)

    def __enter__(self) -> Bar:
        if self._shown:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._timer.cancel()
            self._timer.join()
            self._progress.stop()


def figure(value: object) -> str:
    """A value as a table shows it: thousands apart, an absent one as a dash."""
    if value is None or value == "":
        return "-"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else printable(str(value))


def percent(rate: float | str | None) -> str:
    """A rate in per cent, as a report rounds it: never 100 % of less than all, nor 0.0 % of something.

    None is a dash, and a hidden rate what stands for it.
    """
    if isinstance(rate, str):
        return rate
    if rate is None:
        return "-"
    if 0.9995 <= rate < 1:
        return "> 99.9 %"
    if 0 < rate < 0.0005:
        return "< 0.1 %"
    return "100 %" if rate == 1 else f"{rate * 100:.1f} %"


def _command(words: Sequence[str]) -> str:
    """A command as it can be pasted; what a terminal would obey is spelled out, as shells read it again."""
    return " ".join(["audit", *map(_quoted, words)])


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"
