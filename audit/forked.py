"""A papermill engine that runs each notebook in a fork of this process: all is imported already, nothing is shared.

The process that forks must have one thread: no open database, no drawing, no typesetting. What a notebook sets,
imports or alters ends with its fork. Charts are left as what they are drawn from, for `charts.drawing.finished`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from audit import shell
from audit.errors import AuditError


def executed(sources: list[str], env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Run a notebook's code cells in a fork, one after the other, and give what each said.

    Args:
        sources: the code of each cell.
        env: what the fork's environment has beside this process's.

    Yields:
        A cell's ``outputs`` in nbformat's form and its ``execution_count``; the last one may end in an error.

    Raises:
        AuditError: the process has several threads.
        RuntimeError: the fork died.
    """
    if threading.active_count() > 1:
        raise AuditError("a process with several threads cannot be forked safely", fix="Use --engine papermill")
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run(sources, env, os.fdopen(writing, "wb"))
    os.close(writing)
    done, ended = 0, False
    try:
        with os.fdopen(reading, "rb") as pipe:
            for line in pipe:
                cell = json.loads(line)
                done, ended = done + 1, shell.failed(cell["outputs"])
                yield cell
    finally:  # here it has said all, or nobody listens any more
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if done < len(sources) and not ended:
        raise RuntimeError("the notebook's process ended before its last cell")


def _run(sources: list[str], env: dict[str, str], pipe: BinaryIO) -> NoReturn:
    """The fork: its cells, then its end, without what the process that forked would do at its own end."""
    from audit.charts import drawing  # late: only who runs notebooks needs to know charts

    code = 1
    try:
        gc.freeze()  # what was there before is not looked through again: that would copy it, page by page
        os.environ |= env
        tempfile.tempdir = None  # so that TMPDIR is read again
        drawing.LATER.set(True)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives
        for cell in shell.run(sources):
            pipe.write(json.dumps(cell).encode() + b"\n")
            pipe.flush()
        pipe.close()
        code = 0
    finally:
        os._exit(code)
