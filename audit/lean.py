"""Keeps slow imports out of the processes that do not need them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

_COUNTRIES = "holidays.countries"
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


@contextmanager
def one_country() -> Iterator[None]:
    """Ask `holidays` for a country in here and it imports that one, not the two hundred others of its package.

    The package's own file imports every country by name; a bare package in its place lets each be found by itself.
    """
    found = find_spec(_COUNTRIES) if _COUNTRIES not in sys.modules else None
    if found is None or found.submodule_search_locations is None:
        yield
        return
    bare = ModuleType(_COUNTRIES)
    bare.__path__ = list(found.submodule_search_locations)
    sys.modules[_COUNTRIES] = bare
    try:
        yield
    finally:
        sys.modules.pop(_COUNTRIES)
