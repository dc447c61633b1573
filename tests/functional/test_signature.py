"""A signed report proves who made it and that nothing was altered; an unsigned one says that it proves less."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import stat
import subprocess
from io import BytesIO

import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from audit import folder
from audit.cli import main
from audit.errors import AuditError
from audit.signature import Signer, examine
from audit.signing_keys import fingerprint, load_chain, read_settings
from tests.functional import made_signed


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("signed")


@pytest.fixture(scope="module")
def signer(place):
    return made_signed.signer(place)


@pytest.fixture(scope="module")
def evidence():
    return made_signed.files(made_signed.results(), made_signed.findings())


@pytest.fixture(scope="module")
def unsigned(place, signer, evidence):
    return made_signed.unsigned(place, evidence, signer.authority_sha256)


@pytest.fixture(scope="module")
def signed(signer, unsigned):
    return signer.sign(unsigned)


@pytest.fixture
def verified(tmp_path, capsys):
    """The exit code and the words of ``audit verify`` for these bytes."""

    def run(pdf, *options):
        path = tmp_path / "report.pdf"
        path.write_bytes(pdf)
        capsys.readouterr()
        code = main(["verify", str(path), *options])
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return run


def test_a_signed_report_is_whole_and_says_who_signed(verified, signed, signer):
    code, said = verified(signed)
    assert code == 0
    assert "Signed by CN=Example AB: reports under CN=Example AB: authority of reports" in said
    assert signer.authority_sha256 in said
    assert "an organisation's own authority is not" in said
    assert "nothing was altered since it was signed, and its figures follow from its findings." in said


def test_it_begins_with_the_unsigned_report(signed, unsigned):
    assert signed.startswith(unsigned + b"\n")


def test_the_signature_is_invisible_and_forbids_changes(signed):
    with pikepdf.open(BytesIO(signed)) as pdf:
        (field,) = pdf.Root.AcroForm.Fields
        assert [int(n) for n in field.Rect] == [0, 0, 0, 0]
        assert str(field.V.SubFilter) == "/ETSI.CAdES.detached"
        assert int(pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P) == 1


def test_an_unsigned_report_says_that_it_proves_no_origin(verified, place, evidence):
    code, said = verified(made_signed.unsigned(place, evidence))
    assert code == 0
    assert "It is not signed: what agrees here shows that it is consistent, not who made it." in said
    assert "altered" not in said


# The end of the file holds all that signing wrote; before it some bytes stand for all.
@pytest.mark.slow
def test_an_altered_byte_is_found_wherever_it_is(verified, signed, unsigned):
    chosen = random.Random(1)
    before = [chosen.randrange(len(unsigned)) for _ in range(12)]
    after = range(len(unsigned), len(signed), 999)
    for position in [*before, *after, len(signed) - 1]:
        altered = bytearray(signed)
        altered[position] ^= chosen.choice((0x01, 0x20, 0xFF))
        code, said = verified(bytes(altered))
        assert code == (3 if position < 5 else 5), (position, said)


def test_an_altered_byte_is_found_in_every_part_of_the_signature(signed):
    with pikepdf.open(BytesIO(signed)) as pdf:
        sealed = bytes(pdf.Root.AcroForm.Fields[0].V.Contents)
    begin = signed.index(sealed[:20].hex().upper().encode())
    length = 2 * len(sealed.rstrip(b"\0"))
    for position in [*range(begin, begin + length, 29), begin + length + 3, begin - 1]:
        altered = bytearray(signed)
        altered[position] = ord("0") if altered[position] != ord("0") else ord("1")
        assert not whole(bytes(altered)), position


def test_an_altered_case_in_the_signature_is_found(signed):
    position = signed.index(b"/Contents <") + len(b"/Contents <")
    while not signed[position : position + 1].isalpha():
        position += 1
    altered = signed[:position] + signed[position : position + 1].lower() + signed[position + 1 :]
    assert "the space of the signature holds something else too" in examine(altered).flaws


@pytest.fixture
def delivered(tmp_path, signer, signed, unsigned, evidence):
    """A report's folder, as it is given out."""
    place = tmp_path / "2026Q3"
    place.mkdir()
    for name, text in evidence.items():
        (place / name).write_text(text)
    (place / "manifest.json").write_text(made_signed.manifest(evidence, signer.authority_sha256))
    (place / "report.pdf").write_bytes(signed)
    about = {"bytes": len(unsigned), "sha256": hashlib.sha256(unsigned).hexdigest()}
    (place / "signature.json").write_text(json.dumps({"file": "report.pdf", "begins_with": about}))
    folder.seal(place)
    return place


def test_a_folder_is_held_against_its_report_too(delivered, signer, capsys):
    assert main(["verify", str(delivered)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Signed by CN=Example AB" in said
    assert "every file is as it was delivered, nothing was altered since it was signed, and its figures follow" in said
    assert main(["verify", str(delivered), "--authority", signer.authority_sha256]) == 0
    assert main(["verify", str(delivered), "--authority", "0" * 64]) == 5


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("findings.csv", lambda text: text.replace("F-0001", "F-9999"), "findings.csv: not the one of the manifest"),
        ("results.json", lambda text: text + " ", "results.json: not the one of the manifest"),
        ("findings.jsonl", lambda text: None, "findings.jsonl: missing"),
        (
            "manifest.json",
            lambda text: text.replace('"en"', '"sv"'),
            "manifest.json: not the one that the report carries",
        ),
        ("manifest.json", lambda text: None, "manifest.json: missing"),
        ("manifest.json", lambda text: "[]", "manifest.json: not the one that the report carries"),
        ("signature.json", lambda text: text.replace('"bytes": ', '"bytes": 1'), "signature.json: not of this report"),
        ("report.pdf", lambda text: None, "0 PDF files where one report belongs"),
    ],
)
def test_new_sums_do_not_hide_what_was_altered(delivered, capsys, name, change, said):
    """SHA256SUMS is no proof: whoever alters a file can write it anew."""
    path = delivered / name
    text = change(path.read_text("latin-1"))
    path.unlink() if text is None else path.write_text(text)
    folder.seal(delivered)
    assert main(["verify", str(delivered)]) == 5
    assert said in capsys.readouterr().out


def whole(pdf):
    """Whether a signature is found that has no flaw."""
    try:
        found = examine(pdf)
    except Exception:  # noqa: BLE001 - a PDF that is broken is not whole
        return False
    return found is not None and not found.flaws


def rewritten(pdf, change):
    """The PDF saved anew after a change; it keeps its signature's field."""
    with pikepdf.open(BytesIO(pdf)) as document:
        change(document)
        out = BytesIO()
        document.save(out)
    return out.getvalue()


def attach(name, content):
    def change(document):
        document.attachments[name] = pikepdf.AttachedFileSpec(document, content)

    return change


def replace_text(document):
    page = document.pages[-1]
    page.contents_coalesce()
    page.Contents.write(page.Contents.read_bytes().replace(b"Tf", b"Tf ", 1))


def rename(document):
    document.Root.Metadata.write(document.Root.Metadata.read_bytes().replace(b"Mira", b"Nira"))


@pytest.mark.parametrize("change", [replace_text, rename, attach("results.json", b"{}"), attach("new.txt", b"x")])
def test_a_change_by_a_program_that_saves_pdf_is_found(verified, signed, change):
    assert verified(rewritten(signed, change))[0] == 5


def test_every_attachment_and_every_page_is_covered(signed):
    with pikepdf.open(BytesIO(signed)) as document:
        streams = [page.Contents.read_raw_bytes() for page in document.pages]
        streams += [file.obj.EF.F.read_raw_bytes() for file in document.attachments.values()]
        streams.append(document.Root.Metadata.read_raw_bytes())
    assert len(streams) > 6
    for stream in streams:
        position = signed.index(stream) + len(stream) // 2
        altered = signed[:position] + bytes([signed[position] ^ 1]) + signed[position + 1 :]
        assert not whole(altered)


def appended(pdf):
    from pyhanko.pdf_utils.generic import TextStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.root["/Note"] = TextStringObject("more")
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("more", [lambda pdf: pdf + b"\n", lambda pdf: pdf + b"% more", appended])
def test_nothing_may_stand_after_what_was_signed(verified, signed, more):
    code, said = verified(more(signed))
    assert code == 5
    assert "after" in said


def test_a_signature_that_was_removed_is_missed(verified, unsigned):
    code, said = verified(unsigned)
    assert code == 5
    assert "the signature is gone" in said


def test_another_authority_of_the_same_name_is_found(verified, unsigned, signer, tmp_path):
    other = made_signed.signer(tmp_path)
    code, said = verified(other.sign(unsigned))
    assert code == 5
    assert "under another authority than its manifest names" in said
    # One who forges the manifest too is found by who knows the fingerprint.
    evidence = made_signed.files(made_signed.results(), made_signed.findings())
    forged = other.sign(made_signed.unsigned(tmp_path, evidence, other.authority_sha256))
    assert verified(forged)[0] == 0
    code, said = verified(forged, "--authority", signer.authority_sha256)
    assert code == 5
    assert "under another authority than the expected one" in said


def test_the_authority_can_be_named_by_its_file_or_fingerprint(verified, signed, place, signer):
    spaced = ":".join(signer.authority_sha256[i : i + 2] for i in range(0, 64, 2)).upper()
    assert verified(signed, "--authority", str(place / "signing" / "ca.pem"))[0] == 0
    assert verified(signed, "--authority", spaced)[0] == 0
    assert verified(signed, "--authority", "nobody")[0] == 2


def test_attachments_of_another_report_are_found(verified, place, evidence):
    """Both are unsigned, so only their own hashes tell."""
    fewer = made_signed.files(made_signed.results(), made_signed.findings()[1:])
    pdf = rewritten(made_signed.unsigned(place, evidence), attach("findings.jsonl", fewer["findings.jsonl"].encode()))
    code, said = verified(pdf)
    assert code == 5
    assert "findings.jsonl: not the one of the manifest" in said
    with pikepdf.open(BytesIO(pdf)) as document:
        del document.attachments["manifest.json"]
        out = BytesIO()
        document.save(out)
    assert "manifest.json: missing" in verified(out.getvalue())[1]


def test_another_manifest_is_not_the_one_that_is_printed(verified, place, evidence):
    forged = made_signed.manifest(evidence, None).replace("en", "sv").encode()
    code, said = verified(rewritten(made_signed.unsigned(place, evidence), attach("manifest.json", forged)))
    assert code == 5
    assert "manifest.json: not the one whose SHA-256 the report gives" in said


def altered_results(**changes):
    results = made_signed.results()
    results["checks"][0] |= changes
    return results


def fewer_counts():
    results = made_signed.results()
    results["checks"][0]["counts"][1]["n"] -= 1
    return results


FIGURES = [
    (altered_results(compliant=6413, population=6555), "the text: consent_coverage: its headline figures"),
    (altered_results(violation=114), "the counts do not add up to the headline figures"),
    (altered_results(rate=0.99), "the rate is not that of the counts"),
    (altered_results(reasons={}), "the counts by reason do not add up"),
    (fewer_counts(), "findings.csv: consent_coverage: the findings do not add up"),
    (fewer_counts(), "findings.jsonl: consent_coverage: the findings do not add up"),
]


@pytest.mark.parametrize(("results", "said"), FIGURES)
def test_figures_are_computed_again(verified, place, signer, results, said):
    """Signed by the one who made it, and yet wrong: the figures do not agree."""
    evidence = made_signed.files(results, made_signed.findings())
    code, told = verified(signer.sign(made_signed.unsigned(place, evidence, signer.authority_sha256)))
    assert code == 5
    assert said in told


def test_the_report_without_attachments_is_held_against_the_files_beside(verified, place, signer, evidence, tmp_path):
    pdf = signer.sign(made_signed.unsigned(place, evidence, signer.authority_sha256, carried=False))
    code, said = verified(pdf)
    assert code == 0
    assert "its figures cannot be computed again" in said
    assert "follow from" not in said
    for name, text in {**evidence, "manifest.json": made_signed.manifest(evidence, signer.authority_sha256)}.items():
        (tmp_path / name).write_text(text)
    code, said = verified(pdf)
    assert code == 0
    assert "those beside it were taken" in said
    (tmp_path / "findings.csv").write_text("check\n")
    assert "findings.csv: not the one of the manifest" in verified(pdf)[1]


def test_a_line_ends_where_the_file_ends_it(verified, place, signer):
    """Not at a sign in a value that a text may take for the end of a line."""
    findings = made_signed.findings()
    findings[0]["detail"] = "of two\u2028lines\x85and three"
    files = made_signed.files(made_signed.results(), findings)
    files["findings.jsonl"] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in findings)
    code, said = verified(signer.sign(made_signed.unsigned(place, files, signer.authority_sha256)))
    assert code == 0, said


@pytest.mark.parametrize("content", [b"", b"no pdf", b"\x00" * 100])
def test_what_is_no_pdf_is_refused(verified, content):
    assert verified(content)[0] == 3


def test_a_pdf_that_breaks_off_is_found(verified, signed):
    for share in (0.01, 0.5, 0.9, 0.999):
        assert verified(signed[: int(len(signed) * share)])[0] == 5


def test_pdfsig_agrees(signed, tmp_path):
    if not shutil.which("pdfsig"):
        pytest.skip("poppler's pdfsig is not here")
    (tmp_path / "signed.pdf").write_bytes(signed)
    said = subprocess.run(["pdfsig", "-nocert", tmp_path / "signed.pdf"], capture_output=True, text=True, check=False)
    assert "Signature is Valid" in said.stdout
    assert "Total document signed" in said.stdout


@pytest.mark.usefixtures("signer")  # who makes the key that is packed
def test_a_pkcs12_file_signs_as_well(verified, place, evidence, tmp_path, monkeypatch):
    own = place / "signing"
    key = serialization.load_pem_private_key((own / "report-key.pem").read_bytes(), None)
    (certificate,) = load_chain(own / "report.pem")
    packed = pkcs12.serialize_key_and_certificates(
        b"reports", key, certificate, load_chain(own / "ca.pem"), serialization.BestAvailableEncryption(b"word")
    )
    file = tmp_path / "signer.p12"
    file.write_bytes(packed)
    file.chmod(0o600)
    settings = tmp_path / "signing.toml"
    settings.write_text('pkcs12 = "signer.p12"\n')
    with pytest.raises(AuditError, match="AUDIT_SIGNING_PASSPHRASE"):
        Signer(read_settings(settings))
    monkeypatch.setenv("AUDIT_SIGNING_PASSPHRASE", "word")
    signer = Signer(read_settings(settings))
    assert verified(signer.sign(made_signed.unsigned(place, evidence, signer.authority_sha256)))[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not one thing to sign with"),
        ('key = "report-key.pem"\n', "not one thing to sign with"),
        ('key = "report-key.pem"\ncertificate = "report.pem"\npkcs12 = "x"\n', "not one thing to sign with"),
        ('key = "report-key.pem"\ncertificate = "report.pem"\n', "do not lead up to a root"),
        ('key = "gone.pem"\ncertificate = "report.pem"\n', "cannot be read"),
        ('key = "report-key.pem"\ncertificate = "report.pem"\nchain = "signing.toml"\n', "holds no certificate"),
        ('key = "report-key.pem"\ncertificate = "signing.toml"\nchain = "ca.pem"\n', "no key and its certificate"),
        ('pkcs11 = "/no/module.so"\nlabel = "reports"\n', "pkcs11"),
        ('keys = "x"\n', "unknown key"),
    ],
)
def test_settings_that_do_not_fit_are_refused(place, signer, tmp_path, text, said):
    folder = shutil.copytree(place / "signing", tmp_path / "signing")
    (folder / "signing.toml").write_text(text)
    with pytest.raises(AuditError, match=said):
        Signer(read_settings(folder / "signing.toml"))


def test_a_time_stamp_server_that_is_not_there_is_said(place, signer, unsigned, tmp_path):
    folder = shutil.copytree(place / "signing", tmp_path / "signing")
    with (folder / "signing.toml").open("a") as file:
        file.write('timestamps = "http://127.0.0.1:9/"\n')
    with pytest.raises(AuditError, match="could not be signed"):
        Signer(read_settings(folder / "signing.toml")).sign(unsigned)


def test_the_keys_are_made_for_their_owner_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AUDIT_KEYS", str(tmp_path / "settings" / "keys.toml"))
    assert main(["keys", "init", "--organisation", "Example AB"]) == 0
    made = {p.relative_to(tmp_path / "settings").as_posix(): p for p in (tmp_path / "settings").rglob("*")}
    files = {name: path for name, path in made.items() if path.is_file()}
    assert {"signing-ca/ca-key.pem", "signing/report-key.pem", "signing/ca.pem", "signing/signing.toml"} <= set(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for name, path in made.items() if name not in files} == {0o700}
    (authority,) = load_chain(files["signing/ca.pem"])
    assert fingerprint(authority) in "".join(capsys.readouterr().err.split())
    before = {name: path.read_bytes() for name, path in files.items()}
    assert main(["keys", "init"]) == 3
    assert {name: path.read_bytes() for name, path in files.items()} == before
    files["signing/report-key.pem"].chmod(0o640)
    with pytest.raises(AuditError, match="others may read this private key"):
        read_settings(files["signing/signing.toml"])


def test_who_has_a_key_file_gets_the_authority_beside_it(tmp_path, monkeypatch):
    keys = tmp_path / "settings" / "keys.toml"
    monkeypatch.setenv("AUDIT_KEYS", str(keys))
    assert main(["keys", "init"]) == 0
    before = keys.read_bytes()
    shutil.rmtree(keys.parent / "signing")
    shutil.rmtree(keys.parent / "signing-ca")
    assert main(["keys", "init"]) == 0
    assert keys.read_bytes() == before
    assert (keys.parent / "signing" / "signing.toml").is_file()
