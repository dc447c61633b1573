"""A report's folder: written whole or not at all, and checked against the sums it was delivered with.

``SHA256SUMS`` lists every file in the form of ``sha256sum``, so that a reader needs nothing of ours to verify it.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.errors import AuditError, VerifyError

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A temporary folder beside ``target``: takes its place when the block ends well, vanishes when it does not.

    Args:
        target: where the finished folder is to be; an older one there is replaced.

    Raises:
        AuditError: the place can't be written to, or is a file.
    """
    if target.exists() and not target.is_dir():
        raise AuditError("a file stands where the folder is to be", file=target, fix="Remove it, or name another --out")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear(target)
        prefix = f".{target.name}-{os.getpid()}-"
        temporary = Path(tempfile.mkdtemp(prefix=prefix, suffix=".tmp", dir=target.parent))
        temporary.chmod(0o755)  # mkdtemp makes it private; a report is read by others
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    try:
        yield temporary
        _replace(target, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _clear(target: Path) -> None:
    """Remove the temporary folders of runs that were killed."""
    for left in target.parent.glob(f".{glob.escape(target.name)}-*-*.tmp"):
        pid = left.name.removeprefix(f".{target.name}-").partition("-")[0]
        if pid.isdecimal() and not _is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # of another user
    return True


def seal(folder: Path) -> None:
    """Write ``SHA256SUMS`` over all files of a folder."""
    lines = [f"{sha256(folder / name)}  {name}\n" for name in _names(folder)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def differences(folder: Path) -> list[str]:
    """What is not as the folder was sealed: changed, missing and added files, one sentence each; none when it is whole.

    Raises:
        VerifyError: the folder has no readable ``SHA256SUMS``.
    """
    sums = _read_sums(folder)
    found = _names(folder)
    changed = [f"{name}: changed" for name in found if name in sums and sha256(folder / name) != sums[name]]
    missing = [f"{name}: missing" for name in sums if name not in found]
    added = [f"{name}: not part of the report" for name in found if name not in sums]
    return sorted(changed + missing + added)


def is_whole(folder: Path) -> bool:
    """Whether a folder is there and exactly as it was sealed."""
    return (folder / SUMS).is_file() and not differences(folder)


def refuse_others(target: Path) -> None:
    """Raise AuditError where a folder that is to be replaced holds files that are no part of a report.

    Hidden ones, as a notebook's checkpoints, are passed over.
    """
    sums = _read_sums(target) if (target / SUMS).is_file() else {}
    for name in _names(target):
        if name not in sums and not any(part.startswith(".") for part in name.split("/")):
            fix = "Move it away, or name another --out"
            raise AuditError("no part of a report, which would replace the folder", file=target / name, fix=fix)


def _names(folder: Path) -> list[str]:
    """The files of a folder but for the sums themselves, as relative paths, sorted."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != SUMS)


def _read_sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    try:
        *lines, rest = (
            path.read_bytes().decode("utf-8").split("\n")
        )  # no other sign ends a line, or one could be altered
    except FileNotFoundError:
        raise VerifyError("no such file, so there is nothing to verify against", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise VerifyError("can't be read", file=path) from error
    if rest:
        raise VerifyError("its last line has no end", file=path)
    sums = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise VerifyError("not a line of sums", file=path, line=number, expected="64 hexadecimal digits and a name")
        sums[match[2]] = match[1]
    return sums


def _replace(target: Path, temporary: Path) -> None:
    """Put the new folder in the old one's place; the old one is only gone once the new one stands."""
    old = temporary.with_suffix(".old")
    try:
        if target.exists():
            target.rename(old)
        try:
            temporary.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    shutil.rmtree(old, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> AuditError:
    return AuditError(f"can't be written ({error.strerror})", file=folder, fix="Choose another place with --out")
