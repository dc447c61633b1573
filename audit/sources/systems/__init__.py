"""The systems whose exports can be imported: one module each."""

from __future__ import annotations

from collections.abc import Mapping

from audit.sources.systems.export import System

# The lines below and the imports above are in the alphabet, one system a line.
SYSTEMS: Mapping[str, System] = {s.name: s for s in ()}
