"""Runs a notebook's cells in this process and keeps what they say in a notebook's own form, as a kernel would."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ipykernel.jsonutil import encode_images, json_clean
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

Output = dict[str, Any]
_said: list[Output] = []
"""What the running cell has said so far."""


class _Publisher(DisplayPublisher):
    """Keeps what is displayed."""

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **_more: Any) -> None:  # noqa: ARG002
        _said.append({"output_type": "display_data", "data": _clean(data), "metadata": metadata or {}})


class _Hook(DisplayHook):
    """Keeps a cell's last value."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        told = {"data": _clean(format_dict), "metadata": md_dict or {}, "execution_count": self.prompt_count}
        _said.append({"output_type": "execute_result", **told})


class _Shell(InteractiveShell):
    """Keeps the error that ends a cell."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        _said.append({"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": stb})


class _Stream(io.TextIOBase):
    """Keeps what is printed, joined to what was printed just before."""

    def __init__(self, name: str) -> None:
        self._stream = name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = _said[-1] if _said else {}
        if last.get("name") == self._stream:
            last["text"] += text
        elif text:
            _said.append({"output_type": "stream", "name": self._stream, "text": text})
        return len(text)


def ready() -> Any:
    """The shell that the cells run in; one that is ready before a fork costs the fork nothing."""
    config = Config()
    config.HistoryManager.enabled = False  # which writes to a file, from a thread of its own
    return _Shell.instance(config=config, display_pub_class=_Publisher, displayhook_class=_Hook)


def run(sources: list[str]) -> Iterator[dict[str, Any]]:
    """Run cells one after the other; gives of each its ``outputs`` and ``execution_count``, the last after an error."""
    shell = ready()
    if "" not in sys.path:
        sys.path.insert(0, "")
    for source in sources:
        _said.clear()
        count = None
        if source.strip():
            count = shell.execution_count
            with _streams():
                shell.run_cell(source, store_history=True)
        yield {"outputs": list(_said), "execution_count": count}
        if failed(_said):
            return


def failed(outputs: list[Output]) -> bool:
    """Whether a cell ended in an error."""
    return any(output["output_type"] == "error" for output in outputs)


@contextmanager
def _streams() -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream("stdout"), _Stream("stderr")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _clean(data: Any) -> Any:
    return json_clean(encode_images(data))  # type: ignore[no-untyped-call]
