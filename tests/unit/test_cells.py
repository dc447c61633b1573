"""How a table's values and columns are written out."""

import pytest

from audit.cells import chip, text, tracks, written
from audit.errors import AuditError
from audit.words import Words

WORDS = Words("en", "Europe/Stockholm")


def columns(*kinds):
    return [{"key": str(i), "label": f"Column {i}", "kind": kind} for i, kind in enumerate(kinds)]


def test_where_all_fits_the_longest_text_takes_the_room_left():
    shares = [
        t["share"] for t in tracks(columns("mono", "text", "integer"), [["A-1", "a longer text", "12"]], "normal")
    ]
    assert shares == [None, 1, None]


def test_where_it_does_not_fit_long_columns_share_and_short_ones_keep_their_width():
    shares = [t["share"] for t in tracks(columns("mono", "text", "mono"), [["A-1", "x" * 100, "y" * 36]], "normal")]
    assert shares == [None, 66.6, 39.9]


def test_a_word_that_does_not_break_keeps_its_width():
    row = ["a few words " * 20, "and a few more " * 30, "internationaliserat, this and that"]
    shares = [t["share"] for t in tracks(columns("text", "text", "text"), [row], "normal")]
    assert shares[2] == len("internationaliserat,")
    assert sum(shares) == pytest.approx(114, abs=0.2)
    assert shares[0] < shares[1]


def test_words_too_long_for_any_table_share_it():
    shares = [t["share"] for t in tracks(columns(*["text"] * 9), [["a word and " + "x1" * 11] * 9], "normal")]
    assert shares == [22] * 9


def test_a_label_wider_than_its_column_takes_two_lines():
    (column,) = tracks([{"key": "n", "label": "Longest silence, days", "kind": "integer"}], [["7"]], "normal")
    assert column["label"] == ["Longest", {"break": True}, "silence, days"]
    assert column["align"] == "right"


def test_a_status_is_told_in_words():
    assert chip("compliant", None, WORDS) == {"status": "kept", "text": "kept"}
    assert written("violation", "status", WORDS) == {"status": "violation", "text": "violation"}
    assert written({"status": "pending", "text": "2 pending"}, "text", WORDS)["text"] == "2 pending"


@pytest.mark.parametrize(
    ("value", "kind", "said"), [(True, "text", "yes"), (None, "day", "–"), ("1e3", "integer", "1e3")]
)
def test_values_that_are_no_numbers(value, kind, said):
    assert written(value, kind, WORDS) == said


def test_unknown_words_are_refused():
    for wrong in (
        lambda: chip("fine", None, WORDS),
        lambda: written(1, "money", WORDS),
        lambda: text({"blink": "x"}),
        lambda: text(3),
    ):
        with pytest.raises(AuditError):
            wrong()
