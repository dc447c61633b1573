"""Which counts of a table may be shown, so that none below a threshold is shown or can be reckoned.

A count from 1 to below the threshold is hidden as `<5` (of 5). Others are hidden with it until a *witness* exists:
another table that shows exactly the same and in which the hidden count is another. While it exists, no reckoning from
what is shown, however clever, can tell the two apart. Zero is shown.

``docs/editions.md`` gives the rules in words and why each witness is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.errors import AuditError
from audit.hidden import few, withheld

Row = dict[str, int]
Cell = tuple[int, str]
TOTAL = "population"
_LEAST = 3


def refuse_useless(below: int) -> None:
    """Refuse a threshold under which ``<n`` would name the count.

    Raises:
        AuditError: it is 2: below 2 and not 0 is 1.
    """
    if 1 < below < _LEAST:
        raise AuditError(
            "hides no count: what is below 2 and not 0 is 1", column="suppress_below", expected="0, or 3 or more"
        )


def is_small(n: int, below: int) -> bool:
    """Whether a count may not be shown."""
    return 0 < n < below


def totals(counts: Mapping[str, int], below: int) -> Row:
    """The counts of the outcomes and their sum, ``population``, as they may be shown.

    Witness: one item has another outcome. Where no outcome is large enough to take or give it, the sum is hidden too,
    as below so many as it can be then; then there is one item more, or one less.
    """
    small = [o for o, n in counts.items() if is_small(n, below)]
    whole = {**counts, TOTAL: sum(counts.values())}
    if not small:
        return whole
    shown = whole | dict.fromkeys(small, few(below))
    partner = max(counts, key=lambda o: counts[o])
    if counts[partner] > below:
        return shown | {partner: withheld(below)}
    return shown | {TOTAL: few(below * len(counts))}


def parts(counts: Mapping[str, int], below: int) -> Row | None:
    """The parts of a count that is shown, as they may be shown; None where they may not be.

    Witness: one item belongs to another of the hidden parts.
    """
    hidden = {key for key, n in counts.items() if is_small(n, below)}
    for key in sorted(hidden):
        partners = [k for k in counts if k != key and _is_witness([(counts[key], counts[k])], below)]
        if not partners:
            return None
        if not hidden & set(partners):
            hidden.add(max(partners, key=lambda k: (counts[k], k)))
    return {k: _shown(n, below) if k in hidden else n for k, n in counts.items()}


def table(rows: Sequence[Row], outcomes: Sequence[str], free: set[str], below: int) -> list[Row] | None:
    """A table of rows by outcome with the rows' sums, whose columns' sums are known, as it may be shown.

    Witness: one item of one row and one of another, alike or not in their outcomes, have their rows exchanged; or one
    item belongs to the other row. Neither moves a sum that is shown.

    Args:
        rows: the counts of each outcome, and their sum as ``population``.
        outcomes: the columns beside the sum.
        free: the outcomes whose own totals are hidden: hidden in every row.
        below: the threshold.

    Returns:
        The rows, or None where no witness exists for one of its small counts: then the table is not shown at all.
    """
    columns = [*outcomes, TOTAL]
    hidden = {(i, c) for i in range(len(rows)) for c in columns if c in free}
    small = [(i, c) for i, row in enumerate(rows) for c in columns if c not in free and is_small(row[c], below)]
    hidden |= set(small)
    for cell in small:
        best = _cheapest(_rectangles(rows, columns, cell, free, below), hidden)
        if best is None:
            return None
        hidden |= best
    return [
        {c: _hide(row[c], c in free, below) if (i, c) in hidden else row[c] for c in columns}
        for i, row in enumerate(rows)
    ]


def _cheapest(found: Iterator[set[Cell]], hidden: set[Cell]) -> set[Cell] | None:
    """The witness that hides the fewest cells more; the first that hides none."""
    best: set[Cell] | None = None
    for cells in found:
        if best is None or len(cells - hidden) < len(best - hidden):
            best = cells
        if best <= hidden:
            break
    return best


def _rectangles(
    rows: Sequence[Row], columns: Sequence[str], cell: Cell, free: set[str], below: int
) -> Iterator[set[Cell]]:
    """The four cells of every witness for a cell: the rows with the largest counts first, as they can spare most."""
    i, column = cell
    others = sorted((j for j in range(len(rows)) if j != i), key=lambda j: -rows[j][TOTAL])
    for j in others:
        for other in columns:
            # In the same row a sum moves with its part, two parts move against each other.
            together = TOTAL in (column, other)
            if other != column and any(
                _can_move(rows[i][column], s, column in free, below)
                and _can_move(rows[j][column], -s, column in free, below)
                and _can_move(rows[i][other], s if together else -s, other in free, below)
                and _can_move(rows[j][other], -s if together else s, other in free, below)
                for s in (1, -1)
            ):
                yield {(i, column), (i, other), (j, column), (j, other)}


def _is_witness(pairs: Sequence[tuple[int, int]], below: int) -> bool:
    """Whether one item can change sides in each pair, and every hidden count still shows as it does."""
    return any(all(_can_move(a, s, False, below) and _can_move(b, -s, False, below) for a, b in pairs) for s in (1, -1))


def _can_move(n: int, by: int, is_free: bool, below: int) -> bool:
    """Whether a hidden count would show the same if it were one more or one less."""
    if is_free:
        return n + by >= 0
    if is_small(n, below):
        return is_small(n + by, below)
    return n >= below and n + by >= below


def _hide(n: int, is_free: bool, below: int) -> int:
    return withheld() if is_free else _shown(n, below)


def _shown(n: int, below: int) -> int:
    """A hidden count: small, or at least the threshold."""
    return few(below) if is_small(n, below) else withheld(below)
