"""Killed, out of room or fed with rubbish: the database opens, holds its last complete state, and the next load works.

`make test` kills a few loads and checks; `make test-deep` (AUDIT_DEEP) a hundred loads, and 25 checks and reports.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.folder import is_whole
from audit.outputs import results_json
from audit.run import open_workbench
from audit.snapshot import numbers, read_snapshot
from audit.sources.load import load
from tests.functional.houses import POLICY, policy, write

pytestmark = pytest.mark.slow

DEEP = bool(os.environ.get("AUDIT_DEEP"))
KILLS = {"load": 100, "check": 25, "report": 25} if DEEP else {"load": 4, "check": 2}
EVENTS = "event_id,occurred_at,operation,system_id,activity_id,subject_id\n"
CONSENTS = "consent_id,subject_id,purpose,status,effective_at\n"
ACTIVITIES = "activity_id,role,name,purpose,legal_basis\nA1,controller,Newsletter,newsletter,consent\n"
PERIOD = "2026Q3"
# What runs says when it begins, so that the kill does not fall into the imports.
RUN = "import sys; from audit.cli import main; import audit.{module}; print('go', flush=True); sys.exit(main(sys.argv[1:]))"


def folder_of(path: Path, load: int, rows: int = 20_000) -> Path:
    events = "".join(f"E{load}-{i},2026-07-01T09:00:00Z,contact,crm,A1,S{i % 997}\n" for i in range(rows))
    consents = "".join(f"C{load}-{i},S{i},newsletter,given,2026-01-01T09:00Z\n" for i in range(rows // 50))
    files = {"processing_events.csv": EVENTS + events + "E,soon,,,,\n", "consents.csv": CONSENTS + consents}
    return write(path, files | {"processing_activities.csv": ACTIVITIES, "policy.toml": POLICY.read_text()})


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one load, and beside it the folder of the next one."""
    base = tmp_path_factory.mktemp("faults")
    load(base / "db", [folder_of(base / "first", 1)], policy())
    folder_of(base / "second", 2)
    return base


@pytest.fixture
def db(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original / "db", tmp_path / "db")
    return tmp_path / "db"


def begun(module: str, *words: str, cwd: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(module=module), *words],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    return process


def took(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.communicate()
    assert process.returncode in (0, 1)
    return time.monotonic() - began


def kill(process: subprocess.Popen[bytes], after: float) -> bool:
    """Whether it was killed before its end."""
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def count(db: Path) -> int:
    with open_workbench(db, PERIOD) as wb:
        return wb.con.execute("SELECT count(*) FROM core.processing_events").fetchall()[0][0]


def kept_names(db: Path) -> set[str]:
    return set().union(*(read_snapshot(db, number).names() for number in numbers(db)))


def answers(db: Path) -> dict[str, object]:
    with open_workbench(db, PERIOD) as wb:
        return results_json(wb.check_all())


def test_a_killed_load_changes_nothing_and_the_next_one_works(original, db, tmp_path):
    words = ("load", str(original / "second"), "--db", str(db), "--quiet")
    whole = took(begun("cli_data", *words, cwd=tmp_path))
    after = count(db)
    dice, killed = random.Random(4), 0
    for _ in range(KILLS["load"]):
        shutil.rmtree(db)
        shutil.copytree(original / "db", db)
        killed += kill(begun("cli_data", *words, cwd=tmp_path), dice.uniform(0, whole))
        assert (read_snapshot(db).number, count(db)) in ((1, after // 2), (2, after))
        load(db, [original / "second"], policy())
        assert (read_snapshot(db).number, count(db)) == (2, after)
        assert {p.relative_to(db).as_posix() for p in (db / "parts").iterdir()} == kept_names(db)
    assert killed > KILLS["load"] / 2


def test_a_killed_check_leaves_answers_that_are_right(original, db, tmp_path):
    words = ("check", "--db", str(db), "--period", PERIOD, "--quiet")
    whole = took(begun("cli_check", *words, cwd=tmp_path))
    right = answers(db)
    dice = random.Random(5)
    for _ in range(KILLS["check"]):
        shutil.rmtree(db / "results")
        kill(begun("cli_check", *words, cwd=tmp_path), dice.uniform(0, whole))
        assert answers(db) == right


@pytest.mark.skipif(not DEEP, reason="takes some minutes: make test-deep")
def test_a_killed_report_leaves_a_whole_folder_or_none(db, tmp_path):
    words = ("report", "--db", str(db), "--period", PERIOD, "--quiet")
    out = tmp_path / "reports"
    whole = took(begun("cli_report", *words, cwd=tmp_path))
    right = (out / PERIOD / "results.json").read_bytes()
    dice = random.Random(6)
    for _ in range(KILLS["report"]):
        shutil.rmtree(out / PERIOD, ignore_errors=True)
        kill(begun("cli_report", *words, cwd=tmp_path), dice.uniform(0, whole))
        assert is_whole(out / PERIOD) or not (out / PERIOD).exists()
    took(begun("cli_report", *words, cwd=tmp_path))
    assert (out / PERIOD / "results.json").read_bytes() == right
    assert [path.name for path in out.iterdir()] == [PERIOD]


def limited(code: str, *words: str, files: int, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python that can write no file larger than so many bytes, as on a disk without room."""
    setup = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({files}, {files})); "
    return subprocess.run(
        [sys.executable, "-c", setup + code, *words], capture_output=True, text=True, cwd=cwd, check=False, timeout=120
    )


@pytest.mark.parametrize("room", [0, 2_000, 20_000, 40_000])
def test_a_load_without_room_changes_nothing_and_says_so(original, db, tmp_path, room):
    ran = limited(
        "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))",
        *("load", str(original / "second"), "--db", str(db), "--quiet"), files=room, cwd=tmp_path,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "")
    assert f"{db}: cannot be written: File too large" in ran.stderr
    assert read_snapshot(db).number == 1
    load(db, [original / "second"], policy())
    assert read_snapshot(db).number == 2


@pytest.mark.parametrize("room", [0, 500, 20_000])
def test_a_first_load_without_room_leaves_no_database_and_says_so(original, tmp_path, room):
    db = tmp_path / "new"
    ran = limited(
        "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))",
        *("load", str(original / "second"), "--db", str(db), "--quiet"), files=room, cwd=tmp_path,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "")
    assert f"{db}: cannot be written: File too large" in ran.stderr
    assert not (db / "CURRENT").exists()
    assert main(["load", str(original / "second"), "--db", str(db), "--quiet"]) == 0


@pytest.fixture
def full_disk(original: Path, tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that has a database with one load on it, and 40 kB of room."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    shutil.copytree(original / "db", place / "db")
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - 40_960)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_full_disk_a_load_changes_nothing_and_a_check_answers(original, db, full_disk, capsys):
    right = answers(db)
    db = full_disk / "db"
    words = ["load", str(original / "second"), "--db", str(db), "--quiet"]
    assert main(words) == 3
    assert f"{db}: cannot be written: No space left on device" in capsys.readouterr().err
    assert read_snapshot(db).number == 1
    assert answers(db) == right
    assert {p.relative_to(db).as_posix() for p in (db / "parts").iterdir()} == kept_names(db)
    (full_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(full_disk)], check=True)
    assert main(words) == 0
    assert read_snapshot(db).number == 2


def test_a_check_without_room_still_answers(db, tmp_path):
    code = "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ("check", "--db", str(db), "--period", PERIOD, "--json", "--quiet")
    ran = limited(code, *words, files=1000, cwd=tmp_path)
    assert ran.stderr == ""
    assert ran.stdout == limited(code, *words, files=1 << 30, cwd=tmp_path).stdout


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what memory was used")
def test_a_gigabyte_without_a_line_end_is_refused_at_once(db, tmp_path):
    source = write(tmp_path / "big", {"processing_events.csv": EVENTS})
    with (source / "processing_events.csv").open("r+b") as file:
        file.truncate(1 << 30)
    began = time.monotonic()
    # Not ru_maxrss: on Linux a process inherits it from the one that started it.
    code = (
        "import sys; from audit.cli import main; code = main(sys.argv[1:]);"
        " print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]); sys.exit(code)"
    )
    ran = limited(code, "load", str(source), "--db", str(db), files=resource.RLIM_INFINITY, cwd=tmp_path)
    assert ran.returncode == 3
    assert "processing_events.csv:2: the line does not end" in ran.stderr
    assert int(ran.stdout) < 500_000  # kilobytes
    assert time.monotonic() - began < 30
    assert read_snapshot(db).number == 1


def test_bytes_that_rot_in_a_part_are_told(db, capsys):
    part = next((db / "parts").glob("processing_events*.parquet"))
    data = bytearray(part.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 2000] = b"\xff" * 2000
    part.chmod(0o600)
    part.write_bytes(data)
    with pytest.raises(AuditError):
        answers(db)
    assert main(["check", "--db", str(db), "--period", PERIOD]) in (3, 4)
    assert "Traceback" not in capsys.readouterr().err
