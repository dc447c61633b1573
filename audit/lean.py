"""Keeps a slow import out of the processes that do not need it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_GRAMMAR = "rfc3987_syntax"


@contextmanager
def without_iri_grammar() -> Iterator[None]:
    """Import jsonschema in here and it leaves its check of the format `iri` out.

    That optional check compiles a grammar for one to two seconds at every start, and no chart or notebook has an IRI.
    """
    if _GRAMMAR in sys.modules:
        yield
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]  # its import now fails, which jsonschema is prepared for
    try:
        yield
    finally:
        del sys.modules[_GRAMMAR]
