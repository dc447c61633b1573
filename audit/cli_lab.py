"""The command that opens JupyterLab on the analyst's own notebooks."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.analyst.positions import keep
from audit.deskbooks import is_a_copy, lay_out, write
from audit.errors import AuditError
from audit.notebooks import run
from audit.snapshot import read_snapshot
from audit.terminal import Terminal

WELCOME = "welcome.ipynb"

_ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_HERE = "127.0.0.1"
# JupyterLab stays on this machine, behind its token: no news, no look for updates, no extensions from elsewhere.
_SETTINGS = (
    "--log-level=WARN",
    f"--ServerApp.ip={_HERE}",
    "--ServerApp.allow_remote_access=False",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def lab(args: argparse.Namespace, terminal: Terminal) -> int:
    """Open JupyterLab; returns when it is closed.

    Raises:
        AuditError: JupyterLab is not installed or does not start, the port is taken, there is no database, or the
            notebooks' folder cannot be written.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise AuditError("JupyterLab is not installed", fix="Run: pip install 'audit-workbench[lab]'")
    read_snapshot(args.db)  # refuses what is no database before anything is made
    _refuse_taken(args.port)
    folder: Path = args.notebooks.absolute()
    for name in lay_out(folder, args.language):
        terminal.warn(f"{name}: yours is kept; the package's is newer, or in another language. Rename yours to get it.")
    _show_state(folder / WELCOME, args, terminal)
    keep(args.db, args.snapshot)
    terminal.say(f"Opening JupyterLab on {args.notebooks}; Ctrl+C ends it.")
    code = _serve(_command(args, folder), os.environ | _environment(args))
    if code:  # of its own codes one is ours, and says that violations were found
        raise AuditError(f"JupyterLab ended with {code}", fix="What it said last tells why")
    return 0


def _refuse_taken(port: int | None) -> None:
    """Refuse a port on which somebody listens already, before the welcome page takes its seconds."""
    if port is None:
        return
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: what has ended is free
        try:
            tried.bind((_HERE, port))
        except OSError as error:
            raise AuditError(f"port {port} cannot be listened on", fix="--port 0 takes any free one") from error


def _show_state(welcome: Path, args: argparse.Namespace, terminal: Terminal) -> None:
    """Run the welcome page, so that it shows the state of the data when it opens; not one that somebody changed."""
    if not is_a_copy(welcome):
        return
    with TemporaryDirectory(prefix="audit-") as temporary, terminal.progress() as bar:
        executed = Path(temporary) / WELCOME
        try:
            run(welcome, executed, {}, db=args.db, progress=bar, snapshot=args.snapshot)
        except AuditError as error:
            terminal.warn(f"The welcome page could not be run: {error}")
            return
        write(json.loads(executed.read_text("utf-8")), welcome)


def _command(args: argparse.Namespace, folder: Path) -> list[str]:
    """What starts the server."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *_SETTINGS]
    # Open tabs are remembered beside the notebooks they belong to.
    command.append(f"--LabApp.workspaces_dir={folder / '.workspaces'}")
    if (folder / WELCOME).is_file():
        command.append(f"--LabApp.default_url=/lab/tree/{WELCOME}")
    if args.port is not None:
        command += [f"--ServerApp.port={args.port}", "--ServerApp.port_retries=0"]
    if args.no_browser:
        command.append("--no-browser")
    if os.name == "posix":
        command.append("--KernelManager.transport=ipc")  # what cells say does not even touch the loopback network
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there often is nobody else; it listens on loopback only
    return command


def _environment(args: argparse.Namespace) -> dict[str, str]:
    """What tells the notebooks which database to open, for reading only, and JupyterLab whose kernel to run."""
    settings = [str(files("audit") / "templates" / "lab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return (
        {"AUDIT_DB": str(args.db.absolute())}
        | ({} if args.snapshot is None else {"AUDIT_SNAPSHOT": str(args.snapshot)})
        | {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}
    )


def _serve(command: list[str], environment: dict[str, str]) -> int:
    """Run the server to its end; what ends this process ends it too, and its kernels with it."""
    with (
        TemporaryDirectory(prefix="audit") as runtime,  # a short name: that of a socket may have some hundred letters
        subprocess.Popen(  # noqa: S603 - our own command
            command,
            env=environment | {"JUPYTER_RUNTIME_DIR": runtime},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is for this process, which tells the server once and in good order
        ) as server,
    ):
        before = {number: signal.signal(number, lambda *_: server.terminate()) for number in _ENDS}
        try:
            code = server.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return 0 if code == -signal.SIGTERM else code
