"""A check's page as data: its sections and its worked cases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from audit.errors import CheckError

SECTIONS = ("What the law asks", "How it is counted", "What it does not show", "Worked cases")
DEFAULT_PERIOD = "2026Q3"

_TABLE_NAME = re.compile(r"`((?:core|law|house)\.[a-z_]+|expected)`")
_MOMENT = re.compile(r"As of `(?P<as_of>[^`]+)`(?:, period `(?P<period>[^`]+)`)?\.|Period `(?P<alone>[^`]+)`\.")

Row = dict[str, str | None]


@dataclass(frozen=True)
class Case:
    """One worked case: the rows that are there, and what the check must say of them.

    Attributes:
        name: its heading.
        prose: what it shows.
        period: as ``2026Q3``.
        as_of: an ISO 8601 instant; None: the period's end.
        tables: table -> rows; a column that is not named is null, and so is an empty cell.
        expected: the items' rows, each with any of the result's columns.
        line: of the heading in the page.
    """

    name: str
    prose: str
    period: str
    as_of: str | None
    tables: dict[str, list[Row]]
    expected: list[Row]
    line: int


def section_line(file: Path, page: str, title: str) -> int:
    """The line of a section's heading.

    Raises:
        CheckError: the page lacks it.
    """
    for number, text in enumerate(page.splitlines(), 1):
        if text.rstrip() == f"## {title}":
            return number
    raise CheckError("a section is missing", file=file, expected=f"## {title}")


def read_cases(file: Path, page: str) -> tuple[Case, ...]:
    """The worked cases of a page, in its order.

    Raises:
        CheckError: with the line, when a case has no expectation, a table no name, a row too few cells, or an expected
            row no item or no outcome.
    """
    lines = page.splitlines()
    start = section_line(file, page, SECTIONS[-1])
    heads = [n for n in range(start, len(lines)) if lines[n].startswith("### ")]
    if not heads:
        raise CheckError("no worked cases", file=file, line=start, expected="### and a name")
    ends = [*heads[1:], len(lines)]
    cases = tuple(_case(file, lines, head, end) for head, end in zip(heads, ends, strict=True))
    names = [case.name for case in cases]
    for case in cases:
        if names.count(case.name) > 1:
            raise CheckError("two worked cases of this name", file=file, line=case.line)
    return cases


def _case(file: Path, lines: list[str], head: int, end: int) -> Case:
    tables: dict[str, list[Row]] = {}
    prose: list[str] = []
    table: str | None = None
    number = head + 1
    while number < end:
        text = lines[number].strip()
        if text.startswith("|"):
            if table is None or table in tables:
                raise CheckError(
                    "a table without a name of its own", file=file, line=number + 1, expected="`core.x` above it"
                )
            header = number + 1
            tables[table], number = _table(file, lines, number, end)
            if table == "expected":
                _refuse_unnamed(file, tables[table], header)
            table = None
            continue
        if name := _TABLE_NAME.fullmatch(text):
            table = name[1]
        elif text:
            prose.append(text)
        number += 1
    if "expected" not in tables:
        raise CheckError(
            "a worked case without its expectation", file=file, line=head + 1, expected="a table `expected`"
        )
    said = " ".join(prose)
    moment = _MOMENT.search(said)
    return Case(
        name=lines[head][4:].strip(),
        prose=said,
        period=(moment and (moment["period"] or moment["alone"])) or DEFAULT_PERIOD,
        as_of=moment["as_of"] if moment else None,
        expected=tables.pop("expected"),
        tables=tables,
        line=head + 1,
    )


def _table(file: Path, lines: list[str], number: int, end: int) -> tuple[list[Row], int]:
    """The pipe table that starts at a line, and the line after it."""
    header = _cells(lines[number])
    if number + 1 >= end or not re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+", lines[number + 1].strip()):
        raise CheckError("a table's header without its rule", file=file, line=number + 1, expected="|---| under it")
    if len(set(header)) < len(header):
        raise CheckError("a column occurs twice", file=file, line=number + 1)
    rows: list[Row] = []
    number += 2
    while number < end and lines[number].strip().startswith("|"):
        cells = _cells(lines[number])
        if len(cells) != len(header):
            raise CheckError("a row with another number of cells than its header", file=file, line=number + 1)
        rows.append({column: cell or None for column, cell in zip(header, cells, strict=True)})
        number += 1
    return rows, number


def _refuse_unnamed(file: Path, expected: list[Row], line: int) -> None:
    """Refuse rows that do not say of which item they expect what."""
    for column in ("item", "outcome"):
        if any(row.get(column) is None for row in expected):
            raise CheckError("an expected row must have it", file=file, line=line, column=column)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
