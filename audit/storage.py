"""How a database is written: one load at a time, whole or not at all, for its owner alone.

A reader holds the manifest of its snapshot by a shared lock; whoever removes old snapshots leaves those that are held.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from audit.errors import AuditError
from audit.policy import Policy
from audit.snapshot import Snapshot, manifest, manifest_name, numbers, open_sql, read_manifest, read_snapshot

_FOLDER, _FILE, _PART = 0o700, 0o600, 0o400  # a part is never written to again


@contextmanager
def holding(folder: Path, number: int | None = None) -> Iterator[Snapshot]:
    """A snapshot, by its number or the current one, that nobody removes while the block runs.

    Raises:
        AuditError, UsageError: as read_snapshot.
    """
    while True:
        snapshot = read_snapshot(folder, number)
        with suppress(FileNotFoundError):  # removed this very moment
            handle = os.open(folder / "snapshots" / manifest_name(snapshot.number), os.O_RDONLY)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_SH)
            if os.fstat(handle).st_nlink:
                break
            os.close(handle)
    try:
        yield snapshot
    finally:
        os.close(handle)


@contextmanager
def writing(folder: Path) -> Iterator[Snapshot | None]:
    """Hold the database for one load; gives its current snapshot, or None where it is new.

    Raises:
        AuditError: another load holds it, it is a folder of other things, it cannot be written, or the manifest of a
            state in it cannot be read.
    """
    try:
        _refuse_other_things(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=_FOLDER, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _FILE)  # first: it says whose the folder is
    except OSError as e:
        raise AuditError(f"cannot write here: {e.strerror}", file=folder, fix="Choose another --db.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        os.close(handle)
        if isinstance(e, BlockingIOError):
            raise AuditError("another load is writing this database", file=folder, fix="Wait for it to end.") from None
        fix = "Choose a --db on a disk of this machine."
        raise AuditError(f"it cannot be held for one load: {e.strerror}", file=folder, fix=fix) from None
    try:
        for sub in ("parts", "snapshots", "house"):
            (folder / sub).mkdir(mode=_FOLDER, exist_ok=True)
        snapshot = read_snapshot(folder) if (folder / "CURRENT").exists() else None
        _sweep(folder)
        yield snapshot
    except OSError as e:
        why, fix = e.strerror or type(e).__name__, "Nothing was changed; make room and try again."
        raise AuditError(f"cannot be written: {why}", file=folder, fix=fix) from None
    finally:
        with suppress(OSError, AuditError):
            _sweep(folder)
        os.close(handle)


def _refuse_other_things(folder: Path) -> None:
    """Only a folder that a load made, or an empty one, is swept: what lies in another may be somebody's."""
    ours = ("lock", "CURRENT")
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).is_file() for name in ours):
        raise AuditError("it has other things in it, and no database", file=folder, fix="Choose another --db.")


def _sweep(folder: Path) -> None:
    """Remove what no snapshot names: what a killed or refused load left, and what belonged to removed snapshots."""
    snapshots = [read_manifest(folder, manifest_name(n)) for n in numbers(folder)]
    keep = {name for s in snapshots for name in (*s.names(), s.house)}
    for left in (*(folder / "parts").iterdir(), *(folder / "house").iterdir()):
        if left.relative_to(folder).as_posix() not in keep:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def commit(snapshot: Snapshot, before: Snapshot) -> None:
    """Make a snapshot the current one: its parts, its manifest, then the pointer, each on the disk before the next.

    Raises:
        OSError: it cannot be written; the one before is still the current one.
    """
    folder = snapshot.folder
    for name in sorted(snapshot.names() - before.names()):
        _secure(folder / name, _PART)
    _settle(folder / "parts")
    name = manifest_name(snapshot.number)
    write_durably(folder / "snapshots" / name, manifest(snapshot))
    write_durably(folder / "open.sql", open_sql(snapshot))
    write_durably(folder / "CURRENT", name + "\n")


def prune(folder: Path, keep: int) -> tuple[list[int], list[int]]:
    """Remove all snapshots but the newest, with the parts that no other one names.

    Args:
        folder: the database.
        keep: how many of the newest stay; the current one always does.

    Returns:
        The numbers of those removed, and of those that should have been but that somebody reads.

    Raises:
        AuditError: there is no database, a load is writing it, or it cannot be read.
    """
    read_snapshot(folder)
    removed, held = [], []
    with writing(folder) as current:
        old = numbers(folder)[:-keep]
        for number in (n for n in old if current and n != current.number):
            path = folder / "snapshots" / manifest_name(number)
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed.append(number)
            except BlockingIOError:
                held.append(number)
            finally:
                os.close(handle)
    return removed, held


def write_durably(path: Path, text: str) -> None:
    """Write a small file, for its owner alone, so that it is there whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE), "w", encoding="utf-8") as f:
            f.write(text)
        _secure(temporary)
        temporary.replace(path)
        _settle(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Give a finished file its name, for its owner alone, so that it is there whole or not at all."""
    _secure(draft)
    draft.replace(path)


def private_folder(path: Path) -> None:
    """Make a folder, and those above it within the database, for their owner alone."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=_FOLDER, exist_ok=True)


def _secure(path: Path, mode: int = _FILE) -> None:
    """Bring a file to the disk, for its owner alone."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_house(folder: Path, policy: Policy) -> str:
    """Keep the organisation's files, its own checks among them, with the data they were loaded under.

    Returns:
        Their folder's name, which follows from their content.
    """
    beside = {name: policy.path.with_name(name) for name in policy.sha256.keys() - {policy.path.name}}
    files = beside | {"policy.toml": policy.path}
    checks = sorted(policy.path.parent.glob("checks/*/check.toml"))
    of_checks = (p for toml in checks for p in sorted(toml.parent.iterdir()) if p.suffix in (".toml", ".sql", ".md"))
    files |= {p.relative_to(policy.path.parent).as_posix(): p for p in of_checks}
    contents = {name: path.read_bytes() for name, path in files.items()}
    hashed = ((name, hashlib.sha256(content).hexdigest()) for name, content in sorted(contents.items()))
    house = folder / "house" / hashlib.sha256(repr(list(hashed)).encode()).hexdigest()[:16]
    for name, content in contents.items():
        target = house / name
        private_folder(target.parent)
        if not target.is_file() or target.read_bytes() != content:
            write_durably(target, content.decode())
    return f"house/{house.name}"
