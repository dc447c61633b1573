"""What reading holds in memory at most."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable


def peak(read: Callable[[], object]) -> int:
    """The bytes allocated at most while something is read, the least of two times.

    A table of the interpreter's own, or of a module imported late, grows in one of them at most.
    """
    return min(_peak(read) for _ in range(2))


def _peak(read: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
