"""The batch: every client's report, one failing without stopping the others, and going on after it was stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import pypdfium2
import pytest

from audit import notebooks
from audit.batch import Made, Question, make_all
from audit.cli import main
from audit.editions import CLIENT
from audit.making import Order
from audit.places import shipped
from audit.policy import load_policy
from audit.register import runs
from audit.signature import Signer
from audit.signing_keys import make_authority, read_settings
from audit.sources.load import load
from audit.statutes import load_law

LONG = "The " + "Very " * 30 + "Long Names Society"
NAMES = {"K-1": "Plain & Co", "K-2": "<b>Bold</b> *Star* #panic(1) $x$", "K-3": LONG, "K-4": "Idle"}
OPTIONS: dict[str, Any] = {"period": "2026Q3", "as_of": None, "role": None, "policy": None, "snapshot": None}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clients: with requests, with markup in its name, with a long name, without a row in the period."""
    folder = tmp_path_factory.mktemp("four")
    contracts = ["contract_id,client_id,client_name,contract_start,modules"]
    contracts += [f'C-{client},{client},"{name}",2025-01-01,contacts' for client, name in NAMES.items()]
    requests = ["request_id,role,client_id,kind,received_at,answered_at,outcome"]
    requests += [
        f"Q-{client}-{day},processor,{client},access,2026-07-{day:02},2026-0{8 + day % 2}-20,fulfilled"
        for client in list(NAMES)[:3]
        for day in (1, 2)
    ]
    (folder / "contracts.csv").write_text("\n".join(contracts) + "\n", encoding="utf-8")
    (folder / "requests.csv").write_text("\n".join(requests) + "\n", encoding="utf-8")
    load(folder / "db", [folder], load_policy(shipped("mira") / "policy.toml", load_law()))
    return folder / "db"


def made(question: Question) -> dict[str, Made]:
    return {m.client: m for m in make_all(question, jobs=1)}


def text(pdf: Path) -> str:
    pages = pypdfium2.PdfDocument(pdf)
    return " ".join("".join(page.get_textpage().get_text_bounded() for page in pages).split())


def test_one_failure_stops_no_other_and_the_next_run_goes_on(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = nbformat.read(notebooks.find("client-report"), as_version=4)
    check = "assert not page.client.name.startswith('<b>'), 'a name nobody may see'"  # the scan refuses another's id
    broken.cells.append(nbformat.v4.new_code_cell(check, id="broken"))
    nbformat.write(broken, tmp_path / "client_report.ipynb")
    make_authority(tmp_path / "signing", "Example AB")
    signing = tmp_path / "signing" / "signing.toml"
    order = Order(CLIENT, signed_under=Signer(read_settings(signing)).authority_sha256)
    question = Question(db, tmp_path / "out", OPTIONS, order, signing)

    first = made(replace(question, notebook=tmp_path / "client_report.ipynb"))
    assert [m.client for m in first.values()] == list(NAMES)
    failed = first.pop("K-2")
    assert (failed.exit_code, failed.violations) == (4, None)
    assert "AssertionError" in (failed.error or "")
    assert "nobody may see" not in (failed.error or "")
    kept = nbformat.read(failed.folder / "client_report.ipynb", as_version=4)
    assert kept.cells[-1].outputs[0].output_type == "error"
    assert all(m.is_new and m.error is None and (m.folder / "SHA256SUMS").is_file() for m in first.values())
    assert [m.violations for m in first.values()] == [2, 2, 0]
    assert sorted(str(run.client_id) for run in runs(db) if run.kind == CLIENT) == ["K-1", "K-3", "K-4"]
    assert main(["verify", str(first["K-1"].folder / "client-report.pdf")]) == 0
    assert "signed" in capsys.readouterr().out

    before = {m.client: m.folder.stat().st_ino for m in first.values()}
    shutil.rmtree(first["K-3"].folder)
    second = made(question)
    assert {m.client: m.is_new for m in second.values()} == {"K-1": False, "K-2": True, "K-3": True, "K-4": False}
    assert all(second[c].folder.stat().st_ino == before[c] for c in ("K-1", "K-4"))
    assert not failed.folder.exists()


@dataclass(frozen=True)
class Stopped:
    """A batch that Ctrl+C stopped after a report, and the same command once more."""

    folder: Path
    returncode: int
    said: str
    kept: dict[Path, int]
    """What was made before it was stopped, and the number of its file."""
    left: list[str]
    again: subprocess.CompletedProcess[str]

    def seals(self) -> list[Path]:
        """What stands in each report that is whole."""
        return sorted(self.folder.glob("2026Q3-client-report-K-?/SHA256SUMS"))


@pytest.fixture(scope="module")
def stopped(db: Path, tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    """No report is named: that of a client is the one there is for all."""
    folder = tmp_path_factory.mktemp("stopped")
    words = ["report", "--all-clients", "--db", str(db), "--period", "2026Q3", "--out", str(folder), "--jobs", "1"]
    command = [sys.executable, "-m", "audit", *words]
    running = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, text=True
    )
    done = lambda: list(folder.glob("2026Q3-client-report-K-?/SHA256SUMS"))  # noqa: E731
    until = time.monotonic() + 300
    while not done() and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=300)
    kept = {path: path.stat().st_ino for path in done()}
    left = [p.name for p in folder.iterdir() if p.name.startswith(".")]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    return Stopped(folder, running.returncode, said, kept, left, again)


def test_a_batch_that_is_stopped_goes_on_where_it_was(stopped: Stopped) -> None:
    assert stopped.returncode == 130
    assert "the same command goes on" in stopped.said
    assert "Traceback" not in stopped.said
    assert stopped.kept
    assert stopped.left == []
    assert stopped.again.returncode == 1
    assert len(stopped.seals()) == len(NAMES)
    assert all(path.stat().st_ino == inode for path, inode in stopped.kept.items())
    new = [line.split()[0] for line in stopped.again.stdout.splitlines() if " made " in line]
    assert new == [c for c in NAMES if not any(c in path.parent.name for path in stopped.kept)]
    assert f"Made {len(new)} of 4 reports" in stopped.again.stderr


def test_a_report_names_its_client_alone_and_is_what_a_run_for_it_gives(
    db: Path, stopped: Stopped, tmp_path: Path
) -> None:
    for client, name in NAMES.items():
        shown = text(stopped.folder / f"2026Q3-client-report-{client}" / "client-report.pdf")
        assert name in shown
        assert not [other for other in NAMES if other != client and (other in shown or NAMES[other] in shown)]
    words = ["report", "--report", "client-report", "--db", str(db), "--period", "2026Q3", "--client", "K-2"]
    assert main([*words, "--out", str(tmp_path)]) == 1
    one, batch = (folder / "2026Q3-client-report-K-2" for folder in (tmp_path, stopped.folder))
    names = sorted(p.relative_to(one).as_posix() for p in one.rglob("*") if p.is_file())
    assert [n for n in names if (one / n).read_bytes() != (batch / n).read_bytes()] == []


def test_a_batch_is_of_clients_and_a_client_has_a_name() -> None:
    assert main(["report", "--report", "client-report"]) == 2
    assert main(["report", "--report", "requests-report", "--all-clients"]) == 2
    assert main(["report", "--all-clients", "--client", "K-1"]) == 2
    assert main(["report", "--report", "client-report", "--all-clients", "--client", "K-1"]) == 2


def test_the_figures_of_a_client_without_a_row_are_none(db: Path, tmp_path: Path) -> None:
    assert main(["report", "--report", "client-report", "--client", "K-4", "--db", str(db), "--period", "2026Q3",
                 "--out", str(tmp_path), "--quiet"]) == 0  # fmt: skip
    folder = tmp_path / "2026Q3-client-report-K-4"
    results = json.loads((folder / "results.json").read_text("utf-8"))
    assert all(check["rate"] is None for check in results["checks"])
    assert "No row of the period is about your data" in text(folder / "client-report.pdf")
