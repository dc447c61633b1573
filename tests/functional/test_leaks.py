"""The gate: an id, name, address or number is found wherever it was planted, and is never told."""

from __future__ import annotations

import base64
import struct
import zipfile
import zlib

import pytest

from audit import pdf
from audit.leaks import Gate, LeakError, refuse_leaks
from audit.narrowed import Narrowed
from audit.report import read
from audit.run import open_workbench
from tests.functional.made_report import COVER, cells, chart, markdown, shows, write
from tests.functional.sample_db import load_sample

CLIENT, OTHER = "C-001", "C-002"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return load_sample(tmp_path_factory.mktemp("place") / "audit.db")


@pytest.fixture(scope="module")
def whole(database):
    with open_workbench(database, "2026Q3") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def of_client(database):
    with open_workbench(database, "2026Q3", client=CLIENT) as workbench:
        yield workbench


def some(workbench, table, column):
    """A value of the database that the report's own texts do not have."""
    rows = workbench.con.execute(f"SELECT {column} FROM core.{table} ORDER BY length({column}) DESC, 1 DESC LIMIT 1")
    return rows.fetchall()[0][0]


@pytest.fixture(scope="module")
def subject(whole):
    return some(whole, "subjects", "subject_id")


def refused(folder, workbench, value, edition="external"):
    """The message of the refusal; it never holds the value."""
    with pytest.raises(LeakError) as error:
        refuse_leaks(folder, workbench, edition)
    assert error.value.exit_code == 5
    assert value.lower() not in str(error.value).lower()
    return str(error.value)


def typeset(folder, *added, attachments=None):
    """A PDF made of a notebook with these cells more; the notebook itself is not kept."""
    notebook = write(folder / "report.ipynb", [*cells(), *added])
    made = pdf.typeset(read(notebook), manifest_sha256="0" * 64, attachments=attachments or {})
    notebook.unlink()
    (folder / "report.pdf").write_bytes(made)


def test_what_holds_nothing_passes(tmp_path, whole):
    typeset(tmp_path, attachments={"results.json": "{}"})
    write(tmp_path / "notebook.ipynb", cells())
    (tmp_path / "results.json").write_text('{"n": "<5"}')
    refuse_leaks(tmp_path, whole, "external")


@pytest.mark.parametrize(
    "plant",
    [
        lambda v: markdown(f"## Notes\n\nAsk about {v}, please."),
        lambda v: shows("table", caption="Own", columns=[{"key": "a", "label": "A", "kind": "mono"}], rows=[[v]]),
        lambda v: shows("note", tone="info", text=["see ", {"strong": f"({v})"}]),
    ],
    ids=["markdown", "table", "run"],
)
def test_a_page_of_the_pdf_is_searched(tmp_path, whole, subject, plant):
    typeset(tmp_path, plant(subject))
    assert "report.pdf, page" in refused(tmp_path, whole, subject)


def test_an_alternative_text_of_the_pdf_is_searched(tmp_path, whole, subject):
    typeset(tmp_path, chart(alt=f"The longest bar is that of {subject} – 41 days."))
    assert "alternative texts" in refused(tmp_path, whole, subject)


def test_the_pdfs_metadata_are_searched(tmp_path, whole, subject):
    typeset(tmp_path)
    path = tmp_path / "report.pdf"
    tail = f"\n99999 0 obj\n<< /Author (made for {subject}) >>\nendobj\n%%EOF\n"
    path.write_bytes(path.read_bytes() + tail.encode())
    assert "metadata" in refused(tmp_path, whole, subject)


def test_a_compressed_text_in_wide_letters_is_searched(tmp_path, whole, subject):
    typeset(tmp_path)
    wide = ("\ufeff" + f"Ärende {subject}").encode("utf-16-be").hex().upper()
    packed = zlib.compress(f"1 0 << /Alt <{wide}> >>".encode())
    path = tmp_path / "report.pdf"
    path.write_bytes(path.read_bytes() + b"\n99 0 obj\n<< >>\nstream\n" + packed + b"\nendstream\nendobj\n%%EOF\n")
    assert "metadata" in refused(tmp_path, whole, subject)


@pytest.mark.parametrize("head", [b"\0\1\0\0", b"OTTO", b"\x89PNG\r\n\x1a\n", b"\0" * 36 + b"acsp"])
def test_the_bytes_of_fonts_images_and_colours_are_no_text(tmp_path, whole, head):
    typeset(tmp_path)
    path = tmp_path / "report.pdf"
    plain = path.read_bytes()
    said = b"(see Q@b4.kd)"
    for body in (head + said, b"/Tx " + said):
        path.write_bytes(plain + b"\n99 0 obj\n<< >>\nstream\n" + zlib.compress(body) + b"\nendstream\nendobj\n")
        if body.startswith(head):
            refuse_leaks(tmp_path, whole, "external")
        else:
            assert "an e-mail address" in refused(tmp_path, whole, "Q@b4.kd")


def test_numbers_of_glyphs_are_no_text_and_an_escaped_backslash_is(tmp_path, whole, subject):
    typeset(tmp_path)
    path = tmp_path / "report.pdf"
    plain = path.read_bytes()
    for said, is_text in ((b"\\000\\003" + subject.encode(), False), (b"\\\\000 " + subject.encode(), True)):
        stream = zlib.compress(b"/Artifact BMC (" + said + b") Tj \xff")
        path.write_bytes(plain + b"\n99 0 obj\n<< >>\nstream\n" + stream + b"\nendstream\nendobj\n%%EOF\n")
        if is_text:
            assert "metadata" in refused(tmp_path, whole, subject)
        else:
            refuse_leaks(tmp_path, whole, "external")


def test_an_attachment_is_searched(tmp_path, whole, subject):
    typeset(tmp_path, attachments={"findings.csv": f"subject_id\n{subject}\n"})
    assert "an attachment" in refused(tmp_path, whole, subject)


def test_the_name_of_a_file_is_searched(tmp_path, whole, subject):
    (tmp_path / f"chart_of_{subject}.txt").write_text("nothing")
    assert "a file's name" in refused(tmp_path, whole, subject)


def test_a_notebooks_chart_and_metadata_are_searched(tmp_path, whole, subject):
    spec = {"data": [{"values": [{"who": subject, "n": 3}]}]}
    cell = {
        "cell_type": "code",
        "metadata": {},
        "source": "",
        "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"application/vnd.vega.v5+json": spec}}],
    }
    write(tmp_path / "a.ipynb", [COVER, cell])
    assert "a.ipynb, cell 2: a subject id" in refused(tmp_path, whole, subject)
    write(tmp_path / "a.ipynb", [COVER, markdown("no") | {"metadata": {"note": subject}}])
    assert "a.ipynb, cell 2: a subject id" in refused(tmp_path, whole, subject)


@pytest.mark.parametrize("packed", [False, True])
def test_the_text_of_an_image_is_searched(tmp_path, whole, subject, packed):
    text = zlib.compress(subject.encode()) if packed else subject.encode()
    kind, data = (b"zTXt", b"Comment\0\0" + text) if packed else (b"tEXt", b"Comment\0" + text)
    image = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(data)) + kind + data + b"\0" * 4
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": base64.b64encode(image).decode()}}
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [output]}
    write(tmp_path / "a.ipynb", [COVER, cell])
    assert "cell 2" in refused(tmp_path, whole, subject)


def test_a_spreadsheet_is_searched(tmp_path, whole, subject):
    with zipfile.ZipFile(tmp_path / "record.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/sharedStrings.xml", f"<t>{subject}</t>")
    assert "record.xlsx, xl/sharedStrings.xml" in refused(tmp_path, whole, subject)


def test_an_id_is_found_in_other_letters_and_across_a_line(tmp_path, whole, subject):
    (tmp_path / "a.txt").write_text(f"of\n{subject[:5].upper()}\n{subject[5:]} it is")
    refused(tmp_path, whole, subject)


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("identities", "external_id", "an external id"),
        ("processing_events", "actor_id", "an actor id"),
        ("cookie_events", "visitor_id", "a visitor id"),
        ("requests", "request_id", "the key of a row of requests"),
        ("processing_events", "event_id", "the key of a row of processing_events"),
    ],
)
def test_every_kind_of_id_is_looked_for(tmp_path, whole, table, column, kind):
    value = some(whole, table, column)
    (tmp_path / "findings.csv").write_text(f"a,b\n1,{value}\n")
    assert kind in refused(tmp_path, whole, value)


@pytest.mark.parametrize(
    ("value", "kind"), [("anna.svensson@mail.test", "an e-mail address"), ("640823-3234", "a personal number")]
)
def test_what_looks_like_an_address_or_a_personal_number_is_found(tmp_path, whole, value, kind):
    (tmp_path / "note.md").write_text(f"Call {value}.")
    assert kind in refused(tmp_path, whole, value)


def test_the_internal_edition_may_show_ids(tmp_path, whole, subject):
    (tmp_path / "findings.csv").write_text(subject)
    refuse_leaks(tmp_path, whole, "internal")


@pytest.mark.parametrize("edition", ["internal", "external"])
@pytest.mark.parametrize("column", ["client_id", "client_name"])
def test_a_clients_report_names_no_other_client(tmp_path, of_client, column, edition):
    query = f"SELECT {column} FROM core.contracts WHERE client_id = '{OTHER}'"
    other = of_client.con.execute(query).fetchall()[0][0]
    own = of_client.con.execute(query.replace(OTHER, CLIENT)).fetchall()[0][0]
    place = tmp_path / "report.md"
    place.write_text(f"The report of {own}.")
    refuse_leaks(tmp_path, of_client, edition)
    place.write_text(f"The report of {own}; see also\n{other.replace(' ', chr(10))}.")
    assert "report.md: another client's" in refused(tmp_path, of_client, other, edition)


def test_a_gate_for_many_finds_what_one_for_each_finds(tmp_path, whole, subject):
    with_own, other = Narrowed(whole, whole.check_all(), CLIENT), Narrowed(whole, whole.check_all(), OTHER)
    gate = Gate("external", whole)
    place = tmp_path / "report.md"
    for workbench in (with_own, other):
        place.write_text(f"Nothing, of {workbench.asked.client_id}.")
        gate.refuse(tmp_path, workbench)
    names = dict(whole.con.execute("SELECT client_id, client_name FROM core.contracts").fetchall())
    kinds = {CLIENT: "client's id", names[CLIENT]: "client's name", subject: "a subject id", "a@b.test": "an e-mail"}
    for said, kind in kinds.items():
        place.write_text(f"Nothing, of {said}.")
        with pytest.raises(LeakError, match=kind):
            gate.refuse(tmp_path, other)
    with pytest.raises(LeakError, match="a subject id"):
        place.write_text(f"See {subject[:3]}\n{subject[3:]} again")
        gate.refuse(tmp_path, other)
