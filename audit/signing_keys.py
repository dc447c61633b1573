"""What reports are signed with: an own certificate authority and a signing key, or a token or file of one's own.

The settings stand in ``signing/signing.toml`` beside the key file of pseudonyms. An own authority proves that a report
is as this organisation made it to whoever has compared the authority's fingerprint; it makes no qualified signature in
the sense of Regulation (EU) No 910/2014, Art. 3(12).
"""

from __future__ import annotations

import stat
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError
from audit.keyring import default_path, write_secret
from audit.strict import Table, TomlFile

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SETTINGS = "signing.toml"
PASSPHRASE = "AUDIT_SIGNING_PASSPHRASE"  # noqa: S105 - the name of the variable, not what it holds

_AUTHORITY_YEARS, _SIGNER_YEARS = 20, 5
_ABOUT = """\
# What reports are signed with. Paths are relative to this file. Nothing here asks the network unless timestamps does.
#
# Instead of key, certificate and chain:
#   pkcs12 = "file.p12"           # its passphrase stands in $AUDIT_SIGNING_PASSPHRASE
# or
#   pkcs11 = "/usr/lib/module.so" # with token, the label of the token, and label, that of the key and its certificate;
#                                 # the PIN stands in $AUDIT_SIGNING_PASSPHRASE; needs the package python-pkcs11
# chain names the certificates of the authorities above the signer, up to the root. To have a time-stamp server confirm
# when a report was signed (this asks the network):
#   timestamps = "https://..."

key = "report-key.pem"
certificate = "report.pem"
chain = "ca.pem"
"""


@dataclass(frozen=True)
class Settings:
    """What to sign with; exactly one of ``key`` (with ``certificate``), ``pkcs12`` and ``pkcs11`` is given."""

    file: Path
    key: Path | None = None
    certificate: Path | None = None
    pkcs12: Path | None = None
    pkcs11: str | None = None
    token: str | None = None
    label: str | None = None
    chain: Path | None = None
    timestamps: str | None = None


def settings_file(keys: Path | None = None) -> Path:
    """Where the signing settings are when nobody says: beside the key file, in ``signing``."""
    return (keys or default_path()).parent / "signing" / SETTINGS


def chosen_settings(named: Path | None, *, unsigned: bool) -> Path | None:
    """The settings to sign with: those that were named, else those in their place; None where nothing is signed."""
    usual = settings_file()
    return None if unsigned else named or (usual if usual.exists() else None)


def read_settings(path: Path) -> Settings:
    """The signing settings.

    Raises:
        AuditError: no such file, not such settings, or others may read a private key that they name.
    """
    if not path.is_file():
        raise AuditError("no such signing settings", file=path, fix="Make them with a key: audit keys init")
    with TomlFile(path).root as root:
        found = Settings(
            path,
            key=_path(root, "key"),
            certificate=_path(root, "certificate"),
            pkcs12=_path(root, "pkcs12"),
            pkcs11=root.optional("pkcs11"),
            token=root.optional("token"),
            label=root.optional("label"),
            chain=_path(root, "chain"),
            timestamps=root.optional("timestamps"),
        )
    if [found.key, found.pkcs12, found.pkcs11].count(None) != 2 or (found.key is None) != (found.certificate is None):
        raise AuditError(
            "not one thing to sign with", file=path, expected="key with certificate, or pkcs12, or pkcs11 with label"
        )
    for secret in (found.key, found.pkcs12):
        if secret is not None:
            _refuse_shared(secret)
    return found


def make_authority(folder: Path, organisation: str) -> str:
    """Make an own certificate authority (EC P-256), a key that signs reports under it, and the settings that name them.

    Args:
        folder: becomes the settings' folder; the authority's private key goes into ``signing-ca`` beside it, as it is
            needed again only for a new signing key and is best kept elsewhere.
        organisation: whose authority it is.

    Returns:
        The SHA-256 fingerprint of the authority's certificate.

    Raises:
        AuditError: there is one already, or it cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key, report_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate(authority_key, f"{organisation}: authority of reports", _AUTHORITY_YEARS, None)
    report = _certificate(report_key, f"{organisation}: reports", _SIGNER_YEARS, (authority_key, authority))
    secret = folder.with_name("signing-ca")
    contents = {
        secret / "ca-key.pem": _pem(authority_key),
        folder / "ca.pem": _pem(authority),
        folder / "report.pem": _pem(report),
        folder / "report-key.pem": _pem(report_key),
        folder / SETTINGS: _ABOUT.encode(),
    }
    with ExitStack() as undo:  # of some without the others nobody could go on
        try:
            for path, content in contents.items():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_secret(path, content)
                undo.callback(path.unlink)
        except FileExistsError as e:
            raise AuditError("is there already and is not written over", file=e.filename) from None
        except OSError as e:
            raise AuditError(f"cannot be written: {e.strerror}", file=folder) from None
        undo.pop_all()
    return fingerprint(authority)


def load_chain(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        AuditError: it cannot be read, or holds none.
    """
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as e:
        raise AuditError(f"cannot be read: {e.strerror}", file=path) from None
    except ValueError:
        raise AuditError("holds no certificate", file=path, expected="PEM") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate, in hexadecimal."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def _path(root: Table, key: str) -> Path | None:
    text = root.optional(key)
    return None if text is None else root.file.path.parent / text


def _refuse_shared(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as e:
        raise AuditError(f"cannot be read: {e.strerror}", file=path) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuditError("others may read this private key", file=path, fix=f"Type: chmod 600 {path}")


def _certificate(
    key: EllipticCurvePrivateKey,
    name: str,
    years: int,
    issuer: tuple[EllipticCurvePrivateKey, x509.Certificate] | None,
) -> x509.Certificate:
    """A certificate for a key: an authority's own, or under an issuer one that may sign documents and nothing else."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by_key, by_name = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    is_authority = issuer is None
    now = datetime.now(UTC).replace(microsecond=0)
    usage = {"digital_signature": not is_authority, "content_commitment": not is_authority}
    usage |= {"key_cert_sign": is_authority, "crl_sign": is_authority}
    others = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(x509.KeyUsage(**usage, **others), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key()), critical=False)
        .sign(by_key, hashes.SHA256())
    )


def _pem(made: EllipticCurvePrivateKey | x509.Certificate) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if isinstance(made, x509.Certificate):
        return made.public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
