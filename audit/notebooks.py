"""Runs notebooks for a period, strictly: known parameters only, progress by cell, and a failing cell stops the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit import forked, shell
from audit.errors import AuditError, CheckError, UsageError
from audit.lean import without_iri_grammar
from audit.places import shipped

with without_iri_grammar():
    import nbformat
    import papermill
    from ipykernel.kernelspec import make_ipkernel_cmd
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

Progress = Callable[[str, int, int], None]

DATABASE, SNAPSHOT, POLICY = "AUDIT_DB", "AUDIT_SNAPSHOT", "AUDIT_POLICY"
"""The environment variables that tell a notebook's kernel where the database lies, which of its states to open, and by
which policy file to judge."""

FORK = "fork"
"""The engine that runs cells in a fork of this process, where the system has forks."""

_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}
_SAFE = {"NameError", "AttributeError", "ImportError", "ModuleNotFoundError", "SyntaxError", "ZeroDivisionError"}
_SAFE |= {"AuditError", "UsageError", "CheckError", "VerifyError"}  # their messages hold no value of the data


def find(name: str) -> Path:
    """A shipped notebook by its name, with dashes or underscores: `quarterly-report`.

    Raises:
        UsageError: no notebook of this name.
    """
    folder = shipped("notebooks")
    path = folder / f"{name.replace('-', '_')}.ipynb"
    if not path.is_file():
        raise UsageError(
            "no such notebook", column=name, expected=", ".join(p.stem for p in sorted(folder.glob("*.ipynb")))
        )
    return path


def parameters_of(notebook: Path) -> dict[str, dict[str, Any]]:
    """A notebook's parameters by name, each with its type, default and help.

    Raises:
        AuditError: it cannot be read, or a parameter has no type among str, int, bool and float.
    """
    found: dict[str, dict[str, Any]] = _inspected(notebook, notebook.stat().st_mtime_ns if notebook.is_file() else 0)
    for name, parameter in found.items():
        if parameter["inferred_type_name"] not in _TYPES:
            raise AuditError("a parameter has no type", file=notebook.name, column=name, expected=", ".join(_TYPES))
    return found


@lru_cache(maxsize=8)
def _inspected(notebook: Path, _changed_at: int) -> dict[str, dict[str, Any]]:
    """What papermill knows of a notebook's parameters; a batch asks it of the same notebook for each client."""
    _read(notebook)
    found: dict[str, dict[str, Any]] = papermill.inspect_notebook(str(notebook))
    return found


def run(
    notebook: Path,
    out: Path,
    parameters: dict[str, Any],
    db: Path | None = None,
    progress: Progress = lambda *_: None,
    *,
    snapshot: int | None = None,
    policy: Path | None = None,
    engine: str | None = None,
) -> None:
    """Execute a notebook in a kernel of this interpreter and write it, as executed, to ``out``.

    Nothing of this machine or moment is kept in it: no paths, no times. The database's place reaches the kernel through
    its environment, so the executed notebook is the same wherever it was run.

    Args:
        notebook: the one to run; its folder is the working directory.
        out: where the executed one goes, also when a cell fails.
        parameters: by name, of the types that its parameters cell declares.
        db: the database's folder; where not given, what the environment or the notebook says.
        progress: called with the notebook's name, the cells done and their number.
        snapshot: which state of the database to open, while others may load; the current one where not given.
        policy: the policy file to judge by; the one the data was loaded under where not given.
        engine: FORK runs the cells in a fork of this process and leaves charts undrawn (audit.forked); papermill's
            own, a kernel, where not given.

    Raises:
        UsageError: an unknown parameter, or one of another type.
        CheckError: a cell failed; its notebook is kept, as far as it ran.
    """
    _validate(notebook, parameters)
    cells = len(_read(notebook).cells) + bool(parameters)  # which papermill puts into a cell of their own
    name = notebook.stem.replace("_", " ")
    env = _environment(db, snapshot, policy)
    progress(name, 0, cells)
    try:
        with TemporaryDirectory(prefix="audit") as own:
            papermill.execute_notebook(
                str(notebook),
                str(out),
                dict(parameters),
                progress_bar=False,
                request_save_on_cell_execute=False,
                kernel_name="python3",
                engine_name=engine,
                cwd=str(notebook.parent),
                # A fork ends without tidying up, so that its temporary files go with the folder.
                **({"env": env | {"TMPDIR": own}} if engine == FORK else {"kernel_manager_class": _manager(env, own)}),
                on_cell_executed=lambda **at: progress(name, at["cell_index"] + 1, cells),
            )
    except PapermillExecutionError as error:
        _scrub(out)
        said = f"{error.ename}: {error.evalue}" if error.ename in _SAFE else error.ename
        raise CheckError(
            f"cell {error.cell_index + 1} failed: {said}", file=notebook.name, fix=f"It is kept as {out.name}"
        ) from None
    except RuntimeError as error:  # the kernel did not start, or died
        raise CheckError(f"its kernel stopped: {type(error).__name__}", file=notebook.name) from error
    _scrub(out)
    progress(name, cells, cells)


def _environment(db: Path | None, snapshot: int | None, policy: Path | None) -> dict[str, str]:
    """What a notebook is told of the database, beside its parameters."""
    told = {DATABASE: db and db.resolve(), SNAPSHOT: snapshot, POLICY: policy and policy.resolve()}
    return {name: str(value) for name, value in told.items() if value is not None}


class _Forking(Engine):  # type: ignore[misc]
    """papermill's engine that runs the cells in a fork of this process."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, _kernel: str, **given: Any) -> None:
        """Run the code cells and put what they said into the notebook; stops after a cell that failed."""
        cells = [(i, cell) for i, cell in enumerate(nb_man.nb.cells) if cell.cell_type == "code"]
        said = forked.executed([cell.source for _, cell in cells], given["env"])
        for (index, cell), result in zip(cells, said, strict=False):
            nb_man.cell_start(cell, cell_index=index)
            cell.outputs = _nodes(result["outputs"])
            cell.execution_count = result["execution_count"]
            if shell.failed(result["outputs"]):
                nb_man.cell_exception(cell, cell_index=index)
            nb_man.cell_complete(cell, cell_index=index)
            given["on_cell_executed"](cell=cell, cell_index=index)


papermill_engines.register(FORK, _Forking)


def draw(executed: Path, out: Path) -> None:
    """Write a notebook that ran in a fork with its charts drawn: from here on it is as a kernel's would be."""
    from audit.charts import drawing  # late: notebooks that a kernel ran have theirs

    if drawing.UNDRAWN not in executed.read_text("utf-8"):
        if executed != out:
            shutil.copy(executed, out)
        return
    notebook = _read(executed)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _nodes(drawing.finished(output) for output in cell.outputs)
    _write(notebook, out)


def _validate(notebook: Path, given: dict[str, Any]) -> None:
    """Refuse what the notebook would silently ignore or trip over."""
    known = parameters_of(notebook)
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                "the notebook has no such parameter", file=notebook.name, column=name, expected=", ".join(known)
            )
        wanted = known[name]["inferred_type_name"]
        if not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "bool"):
            raise UsageError("a parameter of another type", file=notebook.name, column=name, expected=wanted)


def _manager(env: dict[str, str], sockets: str) -> type[AsyncKernelManager]:
    """Starts this interpreter's own kernel, whatever kernels the machine lists under that name.

    Where the system allows it kernels are spoken to through files in ``sockets``, a folder of this run: what cells say
    stays off the network, and runs at the same time stay apart.
    """
    spec = KernelSpec(
        argv=make_ipkernel_cmd(extra_arguments=["--log-level=CRITICAL"]),
        env={"OPENBLAS_NUM_THREADS": "1"} | env,
        display_name="Python 3",
        language="python",
    )

    class Manager(AsyncKernelManager):
        def __init__(self, **given: Any) -> None:
            own = {"transport": "ipc", "ip": f"{sockets}/k"} if os.name == "posix" else {}
            super().__init__(**given | own)

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

    return Manager


def _nodes(outputs: Iterable[dict[str, Any]]) -> list[nbformat.NotebookNode]:
    return [nbformat.from_dict(output) for output in outputs]  # type: ignore[no-untyped-call]


def _read(path: Path) -> nbformat.NotebookNode:
    try:
        notebook: nbformat.NotebookNode = nbformat.read(str(path), as_version=4)  # type: ignore[no-untyped-call]
        return notebook
    except FileNotFoundError:
        raise UsageError("no such notebook", file=path.name) from None
    except (OSError, ValueError, AttributeError) as error:
        raise AuditError("not a notebook that can be read", file=path.name) from error


def _scrub(path: Path) -> None:
    """Take out of an executed notebook what another run or machine would have otherwise."""
    notebook = _read(path)
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for number, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = f"parameters-{number}"
    _write(notebook, path)


def _write(notebook: nbformat.NotebookNode, path: Path) -> None:
    temporary = path.with_name(path.name + ".tmp")
    nbformat.write(notebook, str(temporary))  # type: ignore[no-untyped-call]
    temporary.replace(path)
