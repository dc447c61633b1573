"""The key file: the keys of pseudonyms, apart from every database and readable by its owner alone (GDPR 4(5), 32(1)).

The last key is used. The ones before it stay, so that a person can still be found in databases that were loaded under
them.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.strict import Table, TomlFile

_BYTES = 32  # as long as what SHA-256 gives: a longer key adds nothing (RFC 2104, 3)
_ABOUT = """\
# Keys of pseudonyms. Keep this file, apart from the databases and the exports, and let nobody else read it:
# whoever has it can tell which person a pseudonym is; without it nobody can, and the same person is not recognised
# in later exports.
"""


@dataclass(frozen=True)
class Key:
    """A key and the day it was made. It does not show its secret when printed."""

    made_on: date
    secret: bytes = field(repr=False)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms under this key."""
        return Pseudonyms(self.secret)


def default_path() -> Path:
    """Where the key file is when nobody says: $AUDIT_KEYS, else audit/keys.toml where the user's settings are."""
    if named := os.environ.get("AUDIT_KEYS"):
        return Path(named)
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "audit" / "keys.toml"


def read_keys(path: Path) -> Sequence[Key]:
    """The keys of a key file, the one in use last.

    Raises:
        AuditError: there is no such file, others may read it, or it is no key file.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise AuditError("no such key file", file=path, fix=f"Make one: audit keys init --keys {path}") from None
    except OSError as e:
        raise AuditError(f"cannot be read: {e.strerror}", file=path) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuditError("others may read this key file", file=path, fix=f"Type: chmod 600 {path}")
    with TomlFile(path).root as root:
        return [_key(table) for table in root.tables("key")]


def _key(table: Table) -> Key:
    with table:
        made_on, text = table.day("made_on"), table.text("secret")
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) < _BYTES:
            table.refuse("not a key", "secret", f"{2 * _BYTES} hexadecimal digits")
        return Key(made_on, secret)


def make_keys(path: Path) -> Key:
    """Make a key file with one key: mode 0600, and 0700 for its folder where that is made too.

    Raises:
        AuditError: a file is there already, or it cannot be written.
    """
    key = _new_key()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, _text([key]))
    except FileExistsError:
        raise AuditError(
            "there is a key file already", file=path, fix=f"For a new key in it: audit keys rotate --keys {path}"
        ) from None
    except OSError as e:
        raise AuditError(f"cannot be written: {e.strerror}", file=path, fix="Choose another --keys.") from None
    return key


def rotate_keys(path: Path) -> Key:
    """Add a new key to a key file, which is then the one in use.

    Raises:
        AuditError: as read_keys; or the file cannot be written, and is as it was.
    """
    keys = read_keys(path)
    key = _new_key()
    draft = path.with_name(f".{path.name}.tmp")
    try:
        write_secret(draft, _text([*keys, key]))
        draft.replace(path)
    except FileExistsError:
        raise AuditError(
            "another rotation is under way, or was broken off", file=draft, fix="If none is, remove this file."
        ) from None
    except OSError as e:
        draft.unlink(missing_ok=True)
        raise AuditError(f"cannot be written: {e.strerror}", file=path) from None
    return key


def _new_key() -> Key:
    return Key(datetime.now(UTC).date(), secrets.token_bytes(_BYTES))


def _text(keys: Iterable[Key]) -> bytes:
    """What stands in a key file."""
    rows = (f'\n[[key]]\nmade_on = {k.made_on}\nsecret = "{k.secret.hex()}"\n' for k in keys)
    return (_ABOUT + "".join(rows)).encode("ascii")


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that was not there before, whole or not at all; nobody else can read it at any moment.

    Raises:
        OSError: it cannot be written; FileExistsError where there is one.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()
        raise
