"""`audit lab` as a person starts it, and a browser that reaches nothing but it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.rules.tree import ROOT

T = TypeVar("T")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
SIZE = (1400, 1600)
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
# What is asked again and again is asked in one go: to ask of each element takes the page's time to draw them.
_SEEN = """
const [selector, text] = arguments;
return [...document.querySelectorAll(selector)].find(
  e => e.checkVisibility({checkVisibilityCSS: true}) && (e.innerText ?? e.textContent).includes(text));
"""
_RAN = f"""
const prompts = [...document.querySelectorAll("{NOTEBOOK} .jp-CodeCell .jp-InputPrompt")];
return document.querySelector("#jp-main-statusbar").textContent.includes("| Idle")
  && prompts.every(prompt => /^\\[\\d+\\]/.test(prompt.textContent));
"""
"""Whether the kernel is idle and every cell in sight has its number."""
_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    f"--window-size={SIZE[0]},{SIZE[1]}",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


def wait(until: Callable[[], T], what: str, seconds: float = 60) -> T:
    """What a condition gives as soon as it gives something."""
    found = within(until, seconds)
    assert found is not None, f"waited {seconds:.0f} s in vain: {what}"
    return found


def within(until: Callable[[], T], seconds: float) -> T | None:
    """The same; None where it gave nothing within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := until():
                return found
        except WebDriverException:  # the page is being built
            pass
        time.sleep(0.1)
    return None


@contextmanager
def started(db: Path, folder: Path, home: Path) -> Iterator[str]:
    """`audit lab` on a folder of notebooks, with settings of its own; gives its address, and ends it with one Ctrl+C."""
    log = home / "lab.log"
    env = os.environ | {"JUPYTER_CONFIG_DIR": str(home / "jupyter"), "JUPYTER_DATA_DIR": str(home / "data")}
    env |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTER_RUNTIME_DIR": str(home / "run")}
    env["IPYTHONDIR"] = str(home / "ipython")
    command = [sys.executable, "-m", "audit", "lab", "--db", str(db), "--notebooks", str(folder)]
    command += ["--no-browser", "--port", "0"]  # two labs that start at once may find the same port free
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=ROOT, env=env, stderr=out, stdout=out, start_new_session=True) as lab,
    ):
        try:
            yield wait(lambda: _address(log, lab), "the address of the lab")
        finally:
            if lab.poll() is None:
                os.killpg(lab.pid, signal.SIGINT)  # as a terminal does it
            lab.wait(timeout=30)


def _address(log: Path, lab: subprocess.Popen[bytes]) -> str | None:
    text = log.read_text()
    assert lab.poll() is None, text
    found = re.search(r"http://127\.0\.0\.1:\d+/\S*token=\w+", text)
    return found[0] if found else None


class Browser:
    """Chromium on the lab, for a test to look at and click in."""

    def __init__(self, profile: Path, address: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self._root, _, self._token = address.rpartition("?token=")
        self._root = self._root.split("/lab")[0]

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def begin(self) -> None:
        """Open the lab on what it opens on."""
        self.driver.get(f"{self._root}/?token={self._token}")
        self.see(f"{NOTEBOOK} .jp-Cell")

    def open(self, notebook: str) -> None:
        """Open a notebook from the list of files, as a tab of its own."""

        def is_open() -> bool:
            return any(notebook in tab for tab in self.texts(".lm-TabBar-tab.jp-mod-current"))

        def opens() -> bool:
            ActionChains(self.driver).double_click(self.see(".jp-DirListing-item", notebook)).perform()
            return within(is_open, 3) is not None

        wait(opens, f"{notebook} to open")
        self.see(f"{NOTEBOOK} .jp-Cell")

    def all(self, selector: str) -> list[WebElement]:
        """Every element of a selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def see(self, selector: str, text: str = "", seconds: float = 60) -> WebElement:
        """The first element of a selector that shows, with this text in it."""
        seen: WebElement = wait(
            lambda: self.driver.execute_script(_SEEN, selector, text), f"{selector} {text}", seconds
        )
        return seen

    def texts(self, selector: str) -> list[str]:
        """What the elements of a selector say."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
        said: list[str] = self.driver.execute_script(script, selector)
        return said

    def menu(self, *path: str) -> None:
        """Choose from the menu bar."""
        self.see(".lm-MenuBar-item", path[0]).click()
        for name in path[1:]:
            self.see(".lm-Menu-item", name).click()

    def run_all(self) -> None:
        """Run the notebook's cells, once its kernel is there, and wait for those in sight; what they had said is cleared."""
        self.see("#jp-main-statusbar", "| Idle")
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")
        wait(self._ran, "every cell to be run", 300)

    def _ran(self) -> bool:
        return bool(self.driver.execute_script(_RAN))

    def save(self, file: Path) -> dict[str, Any]:
        """Save the notebook, and read it as it then is."""
        before = file.stat().st_mtime_ns
        self.menu("File", "Save Notebook")
        wait(lambda: file.stat().st_mtime_ns != before, f"{file.name} to be saved")
        return wait(lambda: _read(file), f"{file.name} as a whole")

    def shut_kernel(self) -> None:
        """End the notebook's kernel."""
        self.menu("Kernel", "Shut Down Kernel")
        self.see("#jp-main-statusbar", "No Kernel")

    def picture(self, file: Path) -> None:
        """A picture of the whole notebook, as far down as it goes."""
        panel = f"document.querySelector('{NOTEBOOK} .jp-WindowedPanel-outer')"
        for _ in range(3):  # what comes into sight is drawn, and may make it longer
            height = int(self.driver.execute_script(f"{panel}.scrollTop = 0; return {panel}.scrollHeight"))
            self.driver.set_window_size(SIZE[0], min(height + 300, 15_000))
            time.sleep(1)
        self.driver.save_screenshot(str(file))
        self.driver.set_window_size(*SIZE)

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last call."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def console(self) -> list[str]:
        """The console's errors since the last call; not Chromium's own word on a page left by a program."""
        said = [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        return [message for message in said if "'beforeunload' confirmation panel" not in message]


def _read(file: Path) -> dict[str, Any] | None:
    """A notebook; None while it is being written."""
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except ValueError:
        return None
    return found


def elsewhere(addresses: list[str]) -> list[str]:
    """Those that are not on this machine."""
    parts: list[Any] = [(a, urlsplit(a)) for a in addresses]
    return [a for a, p in parts if p.scheme in ("http", "https", "ws", "wss") and p.hostname != "127.0.0.1"]
