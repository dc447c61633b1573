"""The PDF says all that the document says, and is archivable, accessible and the same every time."""

import json
import re
import shutil
from io import BytesIO
from itertools import chain

import pikepdf
import pypdfium2
import pytest
import typst

from audit.cells import plain
from audit.pdf import TEMPLATES, Document, printable, typeset
from audit.report import read
from tests.functional import made_signed
from tests.functional.made_report import COVER, cells, chart, markdown, shows, write
from tests.functional.vera import conforming, needs_vera

ATTACHED = {"results.json": '{"checks": []}\n', "findings.csv": "check,outcome\n", "manifest.json": "{}\n"}
SHA256 = "9f2c" * 16


def made(document, attachments=ATTACHED, **options):
    return typeset(document, manifest_sha256=SHA256, attachments=attachments, **options)


def text(pdf):
    """All its text, without spaces and ends of line, which depend on the column."""
    pages = pypdfium2.PdfDocument(pdf)
    return squeezed("".join(page.get_textpage().get_text_bounded() for page in pages))


def squeezed(value):
    return re.sub(r"\s+", "", value)


def structure(pdf):
    """The structure elements of a PDF, from the root down."""

    def below(element):
        if isinstance(element, pikepdf.Array):
            yield from chain.from_iterable(below(e) for e in element)
        elif isinstance(element, pikepdf.Dictionary) and "/S" in element:
            yield element
            yield from below(element.get("/K", pikepdf.Array()))

    return list(below(pdf.Root.StructTreeRoot.K))


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return read(write(tmp_path_factory.mktemp("report") / "report.ipynb", cells()))


@pytest.fixture(scope="module")
def report(document):
    return made(document)


@pytest.fixture
def shown(tmp_path):
    """A document of a cover and these cells."""
    return lambda *more: read(write(tmp_path / "report.ipynb", [COVER, *more]))


def strings(value):
    """Every text of a block that a reader should find."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from chain.from_iterable(strings(v) for v in value)
    elif isinstance(value, dict):
        said = ("text", "caption", "rows", "title", "promise", "result", "evidence", "items", "terms", "term", "label")
        said += (
            "value",
            "note",
            "blocks",
            "columns",
            "charts",
            "not_claimed",
            "rate_text",
            "shown",
            "gdpr",
            "source_note",
        )
        said += ("strong", "em", "code", "footnote", "cells", "question", "section", "compliant", "violation")
        yield from chain.from_iterable(strings(v) for k, v in value.items() if k in said)


def test_every_text_of_the_document_is_in_the_pdf(document, report):
    found = text(report)
    wanted = {squeezed(s) for s in strings(document.blocks)}
    assert len(wanted) > 70
    assert sorted(s for s in wanted if s not in found) == []


def test_the_cover_says_who_when_and_what(document, report):
    pages = pypdfium2.PdfDocument(report)
    cover = squeezed(pages[0].get_textpage().get_text_bounded())
    for said in (
        "Mira Network AB",
        "Quarterly report",
        "1 July – 30 September 2026",
        plain(document.cover["sentence"]),
    ):
        assert squeezed(said) in cover
    assert "Internal:" in cover
    last = squeezed(pages[len(pages) - 1].get_textpage().get_text_bounded())
    assert SHA256 in last
    assert f"Page{len(pages)}of{len(pages)}" in last


def test_structure_language_and_bookmarks(report):
    with pikepdf.open(BytesIO(report)) as pdf:
        assert str(pdf.Root.Lang) == "en"
        assert bool(pdf.Root.MarkInfo.Marked)
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
        assert titles[-3:] == ["A Method", "B Glossary", "What this report does not claim"]
        kinds = [str(e.S) for e in structure(pdf)]
        assert {"/Table", "/TH", "/TD", "/Figure", "/H1", "/H2", "/H3", "/L", "/Caption", "/TOC"} <= set(kinds)
        alts = [str(e.Alt) for e in structure(pdf) if str(e.S) == "/Figure"]
        assert alts == ["Withdrawn 58, expired 27."] * 3
        assert "<pdfaid:part>3</pdfaid:part>" in pdf.Root.Metadata.read_bytes().decode()


def test_the_files_are_attached_as_the_data_of_the_report(report):
    with pikepdf.open(BytesIO(report)) as pdf:
        found = {name: pdf.attachments[name] for name in pdf.attachments}
        assert {n: a.get_file().read_bytes().decode() for n, a in found.items()} == ATTACHED
        assert {str(a.obj.AFRelationship) for a in found.values()} == {"/Data"}
        assert {a.get_file().mime_type for a in found.values()} == {"application/json", "text/csv"}


def test_the_profile_without_attachments_is_pdf_a_2(document):
    with pikepdf.open(BytesIO(made(document, attachments=None))) as pdf:
        assert list(pdf.attachments) == []
        assert "<pdfaid:part>2</pdfaid:part>" in pdf.Root.Metadata.read_bytes().decode()


def test_the_same_data_gives_the_same_bytes(document, report):
    again = Document(**json.loads(json.dumps({"cover": document.cover, "blocks": document.blocks})))
    assert made(again) == report


HOSTILE = [
    '#panic("x") #[*] _a_ $x^2$ <label> @ref \\ // /* */ ~ -- --- "q" \'q\' `c`',
    "= Heading\n- item",
    "http://example.org/#a <script>alert(1)</script>",
    "{{ jinja }} %s %d \\u0041 &amp; [link](x)",
]


def test_text_is_never_markup(shown):
    rows = [[value] for value in HOSTILE]
    columns = [{"key": "v", "label": HOSTILE[0], "kind": "text"}]
    document = shown(
        markdown("## Section"),
        shows("sentence", text=[HOSTILE[0], {"strong": HOSTILE[1]}, {"code": HOSTILE[2]}, {"footnote": HOSTILE[3]}]),
        shows("table", caption=HOSTILE[0], columns=columns, rows=rows, note=HOSTILE[3]),
        shows("table", caption=None, columns=[columns[0] | {"kind": "mono"}], rows=rows),
        chart(title=HOSTILE[0], alt=HOSTILE[0], caption=HOSTILE[3]),
    )
    found = text(made(document))
    assert [found.count(squeezed(v)) >= n for v, n in zip(HOSTILE, (6, 3, 3, 5), strict=True)] == [True] * 4


def test_characters_without_a_glyph_are_written_out(shown):
    found = text(made(shown(markdown("## 株 and \u202e and a\u030a"))))
    assert "[U+682A]and[U+202E]andå" in found
    assert printable({"a": ["\x07", "å", 1]}) == {"a": ["[U+0007]", "å", 1]}


def test_nothing_leaves_the_margins(shown):
    long = "customer_" + "0123456789abcdef" * 8
    columns = [
        {"key": str(i), "label": f"Column {i}", "kind": k} for i, k in enumerate(["mono", "text", "mono", "integer"])
    ]
    document = shown(
        markdown(f"## {long}\n\n{long} `{long}`\n\n- {long}"),
        shows("sentence", text=long),
        shows("table", caption=long, columns=columns, rows=[[long, long, "short", 10**9]] * 3, size="small"),
        shows("note", tone="info", text=long),
        shows("glossary", terms=[{"term": long, "text": long}]),
    )
    right = 595.28 - 21 / 25.4 * 72 + 1
    for page in pypdfium2.PdfDocument(made(document)):
        letters = page.get_textpage()
        for i in range(letters.count_chars()):
            assert letters.get_charbox(i)[2] <= right


def test_a_long_table_repeats_its_head(shown):
    columns = [{"key": "a", "label": "Repeated head", "kind": "text"}]
    table = shows("table", caption="Long", columns=columns, rows=[[f"row {i}"] for i in range(120)])
    assert text(made(shown(markdown("## Section"), table))).count("Repeatedhead") >= 3


def test_a_table_without_rows_says_so(shown):
    columns = [{"key": "a", "label": "Never shown", "kind": "text"}]
    found = text(made(shown(markdown("## Section"), shows("table", caption="The worst", columns=columns, rows=[]))))
    assert "TheworstNone." in found
    assert "Nevershown" not in found


def test_a_template_without_alternative_texts_is_refused(document, tmp_path):
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    parts = folder / "parts.typ"
    assert "alt: data.alt, " in parts.read_text()
    parts.write_text(parts.read_text().replace("alt: data.alt, ", ""))
    with pytest.raises(typst.TypstError, match="alt"):
        made(document, template=folder / "report.typ")


def test_a_warning_of_the_typesetter_is_an_error(document, tmp_path):
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (folder / "report.typ").write_text((folder / "report.typ").read_text() + '\n#text(font: "No Such Font")[x]')
    with pytest.raises(RuntimeError, match="unknown font family"):
        made(document, template=folder / "report.typ")


@pytest.mark.slow
@needs_vera
def test_verapdf_finds_it_archivable_and_accessible_when_signed(document, report, tmp_path):
    whole, plain, broken = (tmp_path / f"{n}.pdf" for n in ("whole", "plain", "broken"))
    signer = made_signed.signer(tmp_path)
    whole.write_bytes(signer.sign(report))
    plain.write_bytes(signer.sign(made(document, attachments=None)))
    with pikepdf.open(BytesIO(report)) as pdf:
        for element in structure(pdf):
            if str(element.S) == "/Figure":
                del element.Alt
        del pdf.Root.MarkInfo
        pdf.save(broken)
    assert conforming("3a,ua1", whole, broken) == [True, True, False, False]
    assert conforming("2a,ua1", plain) == [True, True]
