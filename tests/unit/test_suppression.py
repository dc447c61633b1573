"""No hidden count can be reckoned from what is shown: held against every table that would show the same."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.hidden import Hidden, few, is_hidden, withheld
from audit.suppression import TOTAL, is_small, parts, refuse_useless, table, totals

BELOW = 3
OUTCOMES = ("compliant", "violation", "pending")
COUNTS = st.integers(0, 7)
WORLD = st.tuples(st.lists(st.tuples(*[COUNTS] * 3).filter(any), min_size=1, max_size=3))


def released(rows, below=BELOW):
    """Everything that is shown of a check: its totals, and its breakdown where there is one."""
    sums = totals({o: sum(r[i] for r in rows) for i, o in enumerate(OUTCOMES)}, below)
    if is_hidden(sums[TOTAL]):
        return sums, None
    free = {o for o in OUTCOMES if is_hidden(sums[o])}
    named = [dict(zip(OUTCOMES, r, strict=True)) | {TOTAL: sum(r)} for r in rows]
    return sums, table(named, OUTCOMES, free, below)


def allowed(shown, most, below):
    """Every count that a cell could be, for a reader who knows the rules."""
    if not is_hidden(shown):
        return {shown}
    if shown.text == "[c]":
        return {n for n in range(most + 1) if int(shown) == 0 or n >= int(shown)}
    return set(range(1, int(shown.text[1:])))


def possible(sums, rows, most):
    """Every table of counts that would show exactly this: an attacker's search, with nothing left out."""
    cells = [[sorted(allowed(r[o], most, BELOW)) for o in OUTCOMES] for r in rows]
    per_row = [
        [c for c in product(*row) if sum(c) in allowed(r[TOTAL], 3 * most, BELOW)]
        for row, r in zip(cells, rows, strict=True)
    ]
    of_column = [allowed(sums[o], 3 * most, BELOW) for o in OUTCOMES]
    whole = allowed(sums[TOTAL], 9 * most, BELOW)
    for world in product(*per_row):
        columns = [sum(r[i] for r in world) for i in range(3)]
        if all(n in a for n, a in zip(columns, of_column, strict=True)) and sum(columns) in whole:
            yield world


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS, st.integers(0, 2)).filter(any), min_size=1, max_size=3))
def test_no_small_count_of_a_breakdown_can_be_found_out(rows):
    sums, shown = released(rows)
    if shown is None:
        return
    small = {(i, j) for i, r in enumerate(rows) for j in range(3) if is_small(r[j], BELOW)}
    small |= {(i, TOTAL) for i, r in enumerate(rows) if is_small(sum(r), BELOW)}
    small |= {(TOTAL, j) for j in range(3) if is_small(sum(r[j] for r in rows), BELOW)}
    told = {cell: set() for cell in small}
    for world in possible(sums, shown, 9):
        for cell in list(small):
            i, j = cell
            n = sum(r[j] for r in world) if i == TOTAL else sum(world[i]) if j == TOTAL else world[i][j]
            told[cell].add(n)
            if len(told[cell]) > 1:
                small.discard(cell)
        if not small:
            return
    assert not small


@given(st.lists(st.integers(0, 12), min_size=5, max_size=5), st.integers(3, 6))
def test_no_small_total_can_be_found_out(counts, below):
    named = dict(zip("abcde", counts, strict=True))
    shown = totals(named, below)
    small = {o for o in named if is_small(named[o], below)}
    if is_small(sum(counts), below):
        small.add(TOTAL)
    assert all(is_hidden(shown[o]) for o in small)
    choices = [sorted(allowed(shown[o], 13, below)) for o in named]
    whole = allowed(shown[TOTAL], 100, below)
    worlds = [w for w in product(*choices) if sum(w) in whole] if small else []
    for o in small:
        assert len({sum(w) if o == TOTAL else w["abcde".index(o)] for w in worlds}) > 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(3, 5))
def test_no_small_part_can_be_found_out(counts, below):
    named = {str(i): n for i, n in enumerate(counts)}
    shown = parts(named, below)
    small = [i for i, n in enumerate(counts) if is_small(n, below)]
    if shown is None:
        assert small
        return
    choices = [sorted(allowed(shown[k], sum(counts), below)) for k in named]
    worlds = [w for w in product(*choices) if sum(w) == sum(counts)]
    for i in small:
        assert len({w[i] for w in worlds}) > 1


def test_nothing_is_hidden_where_nothing_is_small():
    assert totals({"a": 0, "b": 5, "c": 9}, 5) == {"a": 0, "b": 5, "c": 9, TOTAL: 14}
    assert parts({"a": 5, "b": 9}, 5) == {"a": 5, "b": 9}
    rows = [{"a": 5, "b": 0, TOTAL: 5}, {"a": 9, "b": 7, TOTAL: 16}]
    assert table(rows, ("a", "b"), set(), 5) == rows


def test_a_small_total_hides_the_largest_with_it_and_keeps_the_sum():
    shown = totals({"compliant": 97, "violation": 3, "pending": 0}, 5)
    assert shown == {"compliant": withheld(5), "violation": few(5), "pending": 0, TOTAL: 100}


def test_where_nothing_is_large_the_sum_goes_too():
    shown = totals({"compliant": 4, "violation": 4, "pending": 0}, 5)
    assert shown == {"compliant": few(5), "violation": few(5), "pending": 0, TOTAL: few(15)}


def test_a_lone_small_row_takes_another_row_and_column_with_it():
    rows = [{"a": 3, "b": 40, TOTAL: 43}, {"a": 20, "b": 60, TOTAL: 80}, {"a": 9, "b": 9, TOTAL: 18}]
    hidden = [{c for c, n in row.items() if is_hidden(n)} for row in table(rows, ("a", "b"), set(), 5)]
    assert hidden == [{"a", "b"}, {"a", "b"}, set()]


def test_a_breakdown_that_cannot_be_protected_is_not_shown():
    assert table([{"a": 3, TOTAL: 3}, {"a": 5, TOTAL: 5}], ("a",), {"a"}, 5) is not None
    assert table([{"a": 4, TOTAL: 4}, {"a": 4, TOTAL: 4}], ("a",), set(), 5) is None
    assert parts({"x": 4, "y": 4}, 5) is None
    assert parts({"x": 3}, 5) is None


@pytest.mark.parametrize("below", [0, 1, 3, 5])
def test_a_threshold_of_none_or_of_three_and_more_is_taken(below):
    refuse_useless(below)


def test_a_threshold_of_two_is_refused():
    with pytest.raises(AuditError, match="hides no count"):
        refuse_useless(2)


def test_a_hidden_count_never_tells_itself_whatever_is_reckoned_from_it():
    hidden, rest = few(5), withheld(5)
    assert [str(v) for v in (hidden, rest, sum([hidden, rest, 10]), 3 + hidden)] == ["<5", "[c]", "≥ 16", "≥ 4"]
    assert [str(v) for v in (100 - hidden, hidden - 1, hidden / 7, 7 / rest)] == ["[c]"] * 4
    assert f"{hidden:,} {rest}" == "<5 [c]"
    assert hidden != 1
    assert hidden != Hidden(1)
    assert bool(withheld())
