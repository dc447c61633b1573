"""The signature of a PDF (PAdES B-B, ETSI EN 319 142-1): put there, and examined byte by byte.

It certifies the document and permits no change after it (ISO 32000-2, 12.8.2.2: DocMDP, P 1). The signed file begins
with the unsigned one and a line end, so that anyone can make the report again and compare.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.fields import MDPPerm

from audit.errors import AuditError
from audit.signing_keys import PASSPHRASE, Settings, fingerprint, load_chain

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer as PyhankoSigner
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

FIELD = "Signature"


@dataclass(frozen=True)
class Signed:
    """What a signature says, and what is wrong with it.

    ``flaws`` is empty where the signature is valid and covers the whole file. ``authority`` is the topmost certificate
    that the file carries, ``at`` when the signer says it signed, ``timestamped_by`` who confirmed that, if anyone.
    """

    signer: str
    authority: str
    authority_sha256: str
    at: datetime | None
    timestamped_by: str | None
    flaws: tuple[str, ...]


class Signer:
    """Signs PDFs with what the settings name.

    Raises:
        AuditError: a key, certificate or passphrase does not fit, or the certificates do not lead up to a root.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signer = _signer(settings)
        certificates = [_certificate(self._signer.signing_cert), *map(_certificate, self._signer.cert_registry)]
        root = _top(certificates)
        if root is None:
            raise AuditError(
                "the certificates do not lead up to a root",
                file=settings.file,
                column="chain",
                expected="a PEM file of the authorities above the signer, up to one that signed itself",
            )
        self.authority_sha256 = fingerprint(root)

    def sign(self, unsigned: bytes) -> bytes:
        """The signed PDF; it begins with the unsigned one.

        Raises:
            AuditError: the token or the time-stamp server refused.
        """
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers, timestamps

        # Without a line end after its last %%EOF a file with an update is no PDF/A (ISO 19005-2, 6.1.3).
        writer = IncrementalPdfFileWriter(BytesIO(unsigned + b"\n"))
        terms = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            subfilter=fields.SigSeedSubFilter.PADES,
        )
        server = self._settings.timestamps
        stamper = timestamps.HTTPTimeStamper(server) if server else None
        try:
            out = signers.PdfSigner(terms, signer=self._signer, timestamper=stamper).sign_pdf(writer)
        except Exception as error:
            raise AuditError(f"could not be signed: {type(error).__name__}", file=self._settings.file) from error
        made: bytes = out.getvalue()
        return made


def examine(pdf: bytes) -> Signed | None:
    """What the signature of a PDF says and what is wrong with it; None where there is none.

    The certificates are those that the file carries: whether the topmost is to be trusted is for the reader to say.

    Raises:
        Exception: whatever the reading of a broken PDF stumbles over.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it has to say is among the flaws
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    found = PdfFileReader(BytesIO(pdf)).embedded_signatures
    if not found:
        return None
    signature = found[0]
    certificates = [_certificate(c) for c in (signature.signer_cert, *signature.other_embedded_certs)]
    flaws = [*_extent_flaws(pdf, signature, len(found)), *_envelope_flaws(signature)]
    authority = _top(certificates)
    if authority is None:
        flaws.append("the certificates in the file do not lead up to a root that signed itself")
        authority = certificates[-1]
    timestamp, more = _validity_flaws(signature, authority)
    return Signed(
        signer=_name(certificates[0]),
        authority=_name(authority),
        authority_sha256=fingerprint(authority),
        at=signature.self_reported_timestamp,
        timestamped_by=timestamp,
        flaws=(*flaws, *more),
    )


def _extent_flaws(pdf: bytes, signature: EmbeddedPdfSignature, signatures: int) -> Iterator[str]:
    """What of the file the signature does not cover, but for itself."""
    if signatures > 1:
        yield "the file carries more than one signature"
    before, hole, after, rest = (int(n) for n in signature.byte_range)
    if before != 0 or after + rest != len(pdf):
        yield "something stands after what was signed"
    sealed = _sealed(signature)
    if pdf[hole:after] != b"<" + sealed.hex().upper().encode().ljust(after - hole - 2, b"0") + b">":
        yield "the space of the signature holds something else too"
    if signature.docmdp_level is not MDPPerm.NO_CHANGES:
        yield "the signature does not forbid changes"


def _envelope_flaws(signature: EmbeddedPdfSignature) -> Iterator[str]:
    """What of the signature's own bytes is not as it is written: no part of them covers all the others."""
    given, info = signature.signed_data, signature.signer_info
    digest = cms.DigestAlgorithm({"algorithm": info["digest_algorithm"]["algorithm"].native})
    parts = {"sid": info["sid"], "signed_attrs": info["signed_attrs"], "signature": info["signature"]}
    parts |= {"version": "v1", "digest_algorithm": digest, "signature_algorithm": info["signature_algorithm"]}
    if info["unsigned_attrs"]:
        parts["unsigned_attrs"] = info["unsigned_attrs"]
    written = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": given["certificates"],
            "signer_infos": [cms.SignerInfo(parts)],
        }
    )
    if cms.ContentInfo({"content_type": "signed_data", "content": written}).dump(force=True) != _sealed(signature):
        yield "the signature was altered"


def _sealed(signature: EmbeddedPdfSignature) -> bytes:
    """The signature as it stands in the file, without the zeros that fill its space."""
    content: bytes = cms.ContentInfo.load(signature.pkcs7_content).dump()
    return content


def _validity_flaws(signature: EmbeddedPdfSignature, root: x509.Certificate) -> tuple[str | None, list[str]]:
    """Who confirmed the time, if anyone; and what is wrong with the bytes signed, the key or the way up to the root."""
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    trusted = ValidationContext(
        trust_roots=[_asn1(root)], allow_fetching=False, moment=signature.self_reported_timestamp
    )
    status = validate_pdf_signature(signature, trusted, key_usage_settings=KeyUsageConstraints(key_usage=set()))
    flaws = []
    if not status.intact:
        flaws.append("the document was altered after it was signed")
    if not status.valid:
        flaws.append("the signature is not of the key in its certificate")
    if not status.trusted:
        flaws.append("the signer's certificate is not one of its authority, or had run out when it signed")
    timestamp = status.timestamp_validity
    if timestamp is None:
        return None, flaws
    if not (timestamp.intact and timestamp.valid):
        flaws.append("the time stamp is not of this signature")
    return str(timestamp.signing_cert.subject.human_friendly), flaws


def _signer(settings: Settings) -> PyhankoSigner:
    """The signer that the settings name."""
    from pyhanko.sign import signers

    chain = [_asn1(c) for c in load_chain(settings.chain)] if settings.chain else []
    secret = os.environ.get(PASSPHRASE)
    if settings.pkcs11:
        return _token_signer(settings, settings.pkcs11, chain, secret)
    if settings.pkcs12:
        try:
            packed = settings.pkcs12.read_bytes()
            opened: PyhankoSigner = signers.SimpleSigner.load_pkcs12_data(
                packed, chain, secret.encode() if secret else None
            )
            return opened
        except (OSError, ValueError, AttributeError):  # AttributeError: it holds no key
            expected = f"a PKCS#12 file with a key, and its passphrase in ${PASSPHRASE}"
            raise AuditError("cannot be opened", file=settings.pkcs12, expected=expected) from None
    made: PyhankoSigner | None = signers.SimpleSigner.load(  # type: ignore[no-untyped-call]
        str(settings.key), str(settings.certificate), other_certs=chain
    )
    if made is None:
        raise AuditError("no key and its certificate", file=settings.key, expected="PEM or DER, without a passphrase")
    return made


def _token_signer(
    settings: Settings, module: str, chain: list[asn1_x509.Certificate], pin: str | None
) -> PyhankoSigner:
    """A signer whose key stays in a token."""
    try:
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    except ImportError:
        fix = "Type: pip install python-pkcs11"
        raise AuditError("a package is missing", file=settings.file, column="pkcs11", fix=fix) from None
    try:
        wanted = TokenCriteria(label=settings.token) if settings.token else None
        session = open_pkcs11_session(module, token_criteria=wanted, user_pin=pin)
        return PKCS11Signer(session, cert_label=settings.label, ca_chain=chain)
    except Exception as error:
        expected = f"a PKCS#11 module, a token in it and its PIN in ${PASSPHRASE}"
        raise AuditError("cannot be opened", file=settings.file, column="pkcs11", expected=expected) from error


def _top(certificates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """The root that the first certificate leads up to: one that signed itself; None where the way breaks off."""
    at = certificates[0]
    for _ in certificates:
        if _issued(at, at):
            return at
        above = next((c for c in certificates if _issued(at, c)), None)
        if above is None:
            return None
        at = above
    return None


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _certificate(certificate: asn1_x509.Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.dump())


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
