"""Processes begun afresh, each with one thread for numbers so that it can fork."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any

_THREADS = "OPENBLAS_NUM_THREADS"


class _Process(SpawnProcess):
    """Does not import the main module of the program that starts it, as Python would.

    A script that calls the command line at its top level, without `if __name__ == "__main__"`, would begin anew in each
    process. What these run is imported from the package by its name.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's own name
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # of no file: there is nothing to import
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def processes(count: int, *begin: tuple[Callable[..., None], tuple[Any, ...]]) -> Iterator[list[ProcessPoolExecutor]]:
    """Pools of processes, which end with the block; what is not begun by then is left out.

    Args:
        count: of the processes in each pool.
        begin: for each pool what its processes call first, and with what.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    pools = [ProcessPoolExecutor(count, _Context(), called, given) for called, given in begin]
    try:
        yield pools
    finally:
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)
        os.environ.pop(_THREADS)
        os.environ |= {_THREADS: before} if before is not None else {}
