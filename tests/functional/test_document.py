"""An executed notebook is read into a document: what is in it, and what is refused with the cell's number."""

import pytest

from audit.errors import AuditError
from audit.report import NOTEBOOK_ONLY, read
from tests.functional.made_report import COVER, FINDINGS, cells, chart, code, markdown, shows, write


@pytest.fixture
def document(tmp_path):
    def made(*after, before=()):
        return read(write(tmp_path / "report.ipynb", [*before, COVER, *after]))

    return made


def test_the_document_has_the_blocks_of_the_notebook_in_their_order(tmp_path):
    kinds = [b["kind"] for b in read(write(tmp_path / "r.ipynb", cells())).blocks]
    assert kinds == [
        "heading", "sentence", "matrix", "heading", "paragraph", "note", "heading", "counts", "chart", "pair", "table",
        "heading", "list", "quote", "figures", "pagebreak", "annex", "method", "annex", "glossary", "closing",
    ]  # fmt: skip


def test_a_cell_added_to_the_notebook_is_in_the_document(document):
    added = document(markdown("## Mine\n\nAn analyst's own sentence.")).blocks
    assert added[0] == {"kind": "heading", "level": 1, "text": ["Mine"]}
    assert added[1] == {"kind": "paragraph", "text": ["An analyst's own sentence."]}


def test_what_stands_before_the_cover_is_left_out(document):
    assert document(before=[markdown("# Title\n\nHow to use it."), code()]).blocks == []


def test_tagged_cells_and_streams_are_left_out(document):
    stream = {"output_type": "stream", "name": "stdout", "text": "running"}
    assert document(markdown("not for print", NOTEBOOK_ONLY), code(stream)).blocks == []


def test_values_are_written_out_in_the_language_and_zone_of_the_report(document):
    (table,) = document(FINDINGS).blocks
    assert table["rows"][0][3:] == ["2026-08-04 00:30", "2026-08-04", "56.9", "1,234", "25.0%"]
    assert table["rows"][1][3:] == ["–", "–", "–", "1", "> 99.9%"]
    assert table["rows"][0][1] == {"status": "violation", "text": "violation"}
    assert table["note"][0] == "The first 2 of 115. All of them are in findings.csv."


def test_a_footnote_stands_where_it_is_referred_to(document):
    (paragraph,) = document(markdown("Said.[^a]\n\n[^a]: Because.")).blocks
    assert paragraph["text"] == ["Said.", {"footnote": ["Because."]}]


def test_one_half_chart_alone_is_no_pair(document):
    kinds = [b["kind"] for b in document(*[chart(span="half")] * 3).blocks]
    assert kinds == ["pair", "chart"]


PLAIN = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "42"}}
FAILED = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code(PLAIN), "cell 2: shows something that the report cannot typeset"),
        (code(FAILED), "cell 2: this cell failed"),
        (markdown("# Another title"), "cell 2: not a level of heading"),
        (markdown("![picture](x.png)"), "cell 2: the report cannot typeset this Markdown form: image"),
        (markdown("***"), "cell 2: the report cannot typeset this Markdown form: hr"),
        (markdown("### Too deep"), "a heading skips a level"),
        (shows("graph"), "cell 2, kind: not a kind of block"),
        (shows("sentence", words="x"), "cell 2, text: the block sentence lacks a key"),
        (shows("sentence", text="x", tone="x"), "cell 2, tone: the block sentence has no such key"),
        (shows("sentence", text=7), "cell 2: not a text"),
        (shows("sentence", text=[{"link": "javascript:x", "text": "x"}]), "cell 2: not a text"),
        (chart(alt=" "), "cell 2, alt: a chart needs an alternative text"),
        (shows("note", tone="loud", text="x"), "cell 2, tone: not a tone"),
        (shows("table", caption="x", columns=[], rows=[["a"]]), "cell 2, rows: a row of the table has another number"),
    ],
)
def test_what_cannot_be_typeset_is_refused_and_names_the_cell(document, cell, message):
    with pytest.raises(AuditError) as refused:
        document(cell)
    assert message in str(refused.value)


def test_counts_that_do_not_add_up_are_refused(document):
    wrong = {"check": "c", "title": "t", "article": "a", "severity": "low", "unit": "u", "evaluated": True, "rate": 1.0}
    counts = {"compliant": 3, "violation": 0, "pending": 0, "undetermined": 0, "waived": 0}
    with pytest.raises(AuditError, match="do not add up"):
        document(shows("counts", empty_tables=[], population=4, **wrong, **counts))


def test_a_notebook_without_a_cover_is_refused(tmp_path):
    with pytest.raises(AuditError, match="shows no cover"):
        read(write(tmp_path / "r.ipynb", [markdown("## Text")]))


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "r.ipynb").write_text("[]")
    with pytest.raises(AuditError, match="not a notebook"):
        read(tmp_path / "r.ipynb")
