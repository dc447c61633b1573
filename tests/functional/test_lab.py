"""`audit lab`: on this machine, behind a token, on the analyst's own notebooks; one Ctrl+C ends it, kernels and all."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.sample_db import load_sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, loaded once."""
    return load_sample(tmp_path_factory.mktemp("sample") / "db")


class Lab:
    """`audit lab`, started as a person does."""

    def __init__(self, db: Path, folder: Path) -> None:
        self.folder, self._log = folder, folder / "log"
        env = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data")}
        self.port = free_port()
        command = [sys.executable, "-m", "audit", "lab", "--db", str(db), "--no-browser", "--port", str(self.port)]
        with self._log.open("w") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True
            )
        self.address, self.token = self._listening()

    def _listening(self) -> tuple[str, str]:
        for _ in range(600):
            text = self._log.read_text()
            if found := re.search(r"(http://\S+?)/lab\S*\?token=(\w+)", text):
                return found[1], found[2]
            assert self.process.poll() is None, text
            time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def ask(self, path: str, token: str | None = None, body: bytes | None = None) -> bytes:
        """What the server answers."""
        request = urllib.request.Request(self.address + path, data=body)
        request.add_header("Authorization", f"token {self.token if token is None else token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
            return content


@pytest.fixture(scope="module")
def lab(db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for the tests that only look; the last one ends it."""
    made = Lab(db, tmp_path_factory.mktemp("l"))
    yield made
    made.process.terminate()
    made.process.wait(timeout=30)


def test_it_listens_on_this_machine_alone(lab: Lab) -> None:
    assert lab.address == f"http://127.0.0.1:{lab.port}"
    with socket.create_connection(("127.0.0.1", lab.port), timeout=5):
        pass
    with (
        pytest.raises(OSError, match=r"refused|assign|timed out"),
        socket.create_connection(("127.0.0.2", lab.port), timeout=5),
    ):
        pass  # another address of this machine, which answers what listens on all of them


def test_a_port_that_is_taken_is_no_violation_found(lab: Lab, db: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "audit", "lab", "--db", str(db), "--no-browser", "--port", str(lab.port)]
    second = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert second.returncode == 3
    assert "--port 0" in second.stderr.splitlines()[-1]


@pytest.mark.parametrize("token", ["", "0" * 48])
def test_nobody_gets_in_without_the_token(lab: Lab, token: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        lab.ask("/api/contents", token)
    refused.value.close()
    assert refused.value.code == 403


def test_it_opens_on_the_notebooks_of_the_package_in_a_folder_of_ones_own(lab: Lab) -> None:
    names = {entry["name"] for entry in json.loads(lab.ask("/api/contents"))["content"]}
    assert {"welcome.ipynb", "10_consent.ipynb", "quarterly_report.ipynb"} <= names
    assert (lab.folder / "workbench" / "welcome.ipynb").is_file()


def test_the_welcome_page_shows_the_state_of_this_data_before_anybody_runs_it(lab: Lab) -> None:
    welcome = json.loads((lab.folder / "workbench" / "welcome.ipynb").read_text())
    said = [o for c in welcome["cells"] for o in c.get("outputs", [])]
    assert said
    assert not [o for o in said if o["output_type"] == "error"]


def test_nothing_asks_other_machines(lab: Lab) -> None:
    settings = json.loads(lab.ask("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
    defaults = settings["schema"]["properties"]
    assert (defaults["fetchNews"]["default"], defaults["checkForUpdates"]["default"]) == ("false", False)
    page = lab.ask("/lab").decode()
    assert re.search(r'"extensionManager": ?\{[^}]*"can_install": ?false', page)


def test_one_ctrl_c_ends_it_and_its_kernels(lab: Lab) -> None:
    lab.ask("/api/kernels", body=b'{"name": "python3"}')
    kernels = children(lab.process.pid)
    assert len(kernels) > 1, "the server and a kernel"
    os.killpg(lab.process.pid, signal.SIGINT)
    assert lab.process.wait(timeout=30) == 0
    assert not [pid for pid in kernels if Path(f"/proc/{pid}").exists()]


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def children(pid: int) -> list[int]:
    """The processes below one, where the system tells."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("this system has no /proc to look for processes in")
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found + [below for child in found for below in children(child)]
